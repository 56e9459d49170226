#!/usr/bin/env bash
# Builds a fuzz target with clang and lets it look for files that break a reader: run.sh BUILD_FOLDER [SECONDS].
# What it finds is kept in BUILD_FOLDER/findings; what it learned in BUILD_FOLDER/corpus, for the next run. More seconds:
# FACET_FUZZ_SECONDS. Ends with 77 where clang or its fuzzing library is missing.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
build=${1:?a folder to build in is missing}
seconds=${FACET_FUZZ_SECONDS:-${2:-60}}

compiler=""
for candidate in clang++ clang++-19 clang++-18 clang++-17 clang++-16 clang++-15 clang++-14; do
  if command -v "$candidate" >/dev/null; then
    compiler=$candidate
    break
  fi
done
if [ -z "$compiler" ]; then
  echo "Skipped: fuzzing needs clang, which is not installed (apt-get install clang libclang-rt-dev)."
  exit 77
fi
mkdir -p "$build"
if ! echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' |
  "$compiler" -x c++ - -fsanitize=fuzzer,address -o "$build/probe" 2>/dev/null; then
  echo "Skipped: $compiler has no fuzzing library (apt-get install libclang-rt-dev)."
  exit 77
fi

cmake -S "$here/target" -B "$build" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" >/dev/null
ninja -C "$build" -j "$(nproc)" >"$build/ninja.log" || { tail -40 "$build/ninja.log"; exit 1; }

# Only the corpus of a run that ended well may grow: it is pruned to what adds something.
mkdir -p "$build/corpus" "$build/findings"
"$build/gguf_fuzz" "$build/corpus" -max_total_time="$seconds" -max_len=65536 -timeout=20 -rss_limit_mb=2048 \
  -malloc_limit_mb=512 -len_control=0 -artifact_prefix="$build/findings/" -print_final_stats=1 2>"$build/log" || {
  tail -60 "$build/log"
  exit 1
}
grep -E 'DONE|stat::number_of_executed_units|cov:' "$build/log" | tail -3
