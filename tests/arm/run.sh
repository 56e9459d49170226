#!/usr/bin/env bash
# Compiles the engine for 64-bit ARM, and compares its kernels with reference values where qemu runs them:
# run.sh BUILD_FOLDER. Ends with 77 where the compiler is missing.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
build=${1:?a folder to build in is missing}

if ! command -v aarch64-linux-gnu-g++ >/dev/null; then
  echo "Skipped: there is no compiler for ARM (apt-get install g++-aarch64-linux-gnu qemu-user)."
  exit 77
fi
mkdir -p "$build"
cmake -S "$here/target" -B "$build" -G Ninja --no-warn-unused-cli \
  -DCMAKE_TOOLCHAIN_FILE="$here/../../packaging/arm64.cmake" >/dev/null
ninja -C "$build" -j "$(nproc)" >"$build/ninja.log" || { tail -40 "$build/ninja.log"; exit 1; }

if ! command -v qemu-aarch64 >/dev/null; then
  echo "Compiled, but not run: there is no qemu-aarch64 (apt-get install qemu-user)."
  exit 0
fi
# A processor with the dot product instruction, and one without.
run() { qemu-aarch64 -cpu "$1" -L /usr/aarch64-linux-gnu "$build/kernels_check" "${@:2}"; }
run max "NEON dot" NEON portable
run cortex-a53 NEON portable
