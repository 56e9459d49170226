#!/usr/bin/env bash
# Builds Facet in build/ (Release). Arguments are targets; without any, everything is built, the tests included.
set -euo pipefail
# shellcheck source=packaging/setup.sh
. "$(dirname "$(realpath "$0")")/setup.sh"
install_missing run
"$root/packaging/grammars.sh"

build="$root/build"
made_for=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$build/CMakeCache.txt" 2>/dev/null || true)
if [ ! -f "$build/build.ninja" ] || [ "$made_for" != "$root" ]; then
  fresh=()
  # A build folder that came here with a copy of the repository belongs to the original.
  [ ! -f "$build/CMakeCache.txt" ] || fresh=(--fresh)
  cmake "${fresh[@]}" -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release >&2 ||
    fail "cmake could not prepare the build; its words are above."
fi

# One compiler needs up to about 1 GB, so a machine with many cores and little memory runs fewer of them.
cores=$(nproc)
memory_gb=$(awk '/^MemAvailable/ { print int($2 / 1000000) }' /proc/meminfo)
jobs=$((memory_gb < cores ? memory_gb : cores))
ninja -C "$build" -j "$((jobs > 0 ? jobs : 1))" "$@" >&2 || fail "the build failed; the compiler's words are above."
