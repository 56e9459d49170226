#!/usr/bin/env bash
# Everything about one graphics card in a single run, on a bare machine without a network: builds (or takes what another
# machine has built), conformance, then speed at several depths on files of real shape, as JSON and as a table.
#
#   tests/bench/gpu_run.sh pack FILE.tar.xz        on a machine that has built Facet: packs programs, libraries and
#                                                  reference models, to be taken to the other machine
#   tests/bench/gpu_run.sh run OUT [FILE.tar.xz]   on the machine with the card: results go to OUT; with what `pack`
#                                                  made nothing is built
#
# FACET_BUILD names the build folder (build), FACET_DEVICE the device (vulkan:0), FACET_MODELS what to generate and
# measure ("E2B:Q4_0 31B:Q4_0"; a third part is a number of layers), FACET_DEPTHS the depths ("0 8192 32768").
set -euo pipefail

root=$(dirname "$(dirname "$(dirname "$(realpath "$0")")")")
build=${FACET_BUILD:-$root/build}
device=${FACET_DEVICE:-vulkan:0}
models=${FACET_MODELS:-"E2B:Q4_0 E4B:Q4_0 12B:Q4_K_M"}
depths=${FACET_DEPTHS:-"0 8192 32768"}
programs="facet tests/model/facet_make_model tests/engine_vulkan_ops_test tests/engine_vulkan_model_test"

say() { echo "gpu_run: $*" >&2; }
fail() { say "$*"; exit 1; }

pack() {
  local to
  to=$(mktemp -d)
  trap 'rm -rf "$to"' EXIT
  mkdir -p "$to/lib" "$to/tests"
  for program in $programs; do
    [ -x "$build/$program" ] || fail "There is no $build/$program; build it first."
    cp "$build/$program" "$to/"
    # All libraries but the C library's own, which must fit the kernel's loader there; the Vulkan driver is the machine's.
    ldd "$build/$program" | awk '$3 ~ /^\// {print $3}' |
      grep -v -E '/(libc|libm|libpthread|libdl|librt|ld-linux[^/]*)\.so' | xargs -I{} cp -Ln {} "$to/lib/"
  done
  cp -r "$root/tests/data" "$to/tests/"
  cp -r "$root/resources" "$to/"
  strip "$to"/facet* "$to"/engine_* "$to"/lib/* 2>/dev/null || true
  tar -C "$to" -cJf "$1" .
  say "$(du -sh "$1" | cut -f1) in $1"
}

build_here() {
  command -v cmake >/dev/null && command -v glslangValidator >/dev/null ||
    fail "This machine can not build Facet; bring what 'gpu_run.sh pack' makes elsewhere."
  cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
  # shellcheck disable=SC2046  # one word for each target
  ninja -C "$build" facet facet_make_model engine_vulkan_ops_test engine_vulkan_model_test >&2
  mkdir -p "$1"
  for program in $programs; do ln -sf "$build/$program" "$1/"; done
}

run() {
  local out=$1 packed=${2:-}
  mkdir -p "$out"
  # What one run leaves behind is in the way of the next.
  bin=$(mktemp -d)
  files=$(mktemp -d)
  trap 'rm -rf "$bin" "$files"' EXIT
  if [ -z "$packed" ]; then
    build_here "$bin"
    export FACET_RESOURCES=$root/resources
  else
    tar -C "$bin" -xJf "$packed"
    export LD_LIBRARY_PATH=$bin/lib FACET_RESOURCES=$bin/resources FACET_REFERENCE_DIR=$bin/tests/data
  fi
  export QT_QPA_PLATFORM=offscreen HOME=${HOME:-/tmp}
  say "devices"
  "$bin/facet" doctor >"$out/doctor.txt" 2>&1 || true
  grep -i vulkan "$out/doctor.txt" >&2 || fail "Vulkan finds no device here; see $out/doctor.txt."

  for suite in engine_vulkan_ops_test engine_vulkan_model_test; do
    say "$suite"
    timeout 240 "$bin/$suite" >"$out/$suite.txt" 2>&1 || say "$suite FAILED, see $out/$suite.txt"
    tail -n 2 "$out/$suite.txt" >&2
  done

  for model in $models; do
    IFS=: read -r size type layers <<<"$model"
    local file=$files/$size-$type.gguf
    say "$size $type"
    "$bin/facet_make_model" "$size" "$type" "$file" ${layers:+--layers "$layers"} >/dev/null
    for depth in $depths; do
      "$bin/facet" bench --json --model "$file" --backend "$device" -p 512 -n 32 -d "$depth" -r 3 \
        >"$out/$size-$type-$depth.json" || say "$size $type at depth $depth failed"
    done
    "$bin/facet" bench --ops --model "$file" --backend "$device" -p 512 -n 8 -r 1 >"$out/$size-$type-ops.txt" || true
    rm -f "$file"
  done
  table "$out"
}

# The measurements of a folder as a table in Markdown.
table() {
  python3 - "$1" <<'PYTHON' | tee "$1/table.md"
import glob, json, os, sys
print("| model | depth | prefill 512, t/s | decode, t/s | weights read of what the device copies | kernels per layer and token |")
print("|---|---|---|---|---|---|")
for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.json")), key=os.path.getmtime):
    with open(path) as file:
        text = file.read()
    if not text.strip():
        continue
    figures = json.loads(text)
    number = lambda key, form: form % figures[key] if figures.get(key) is not None else "-"
    share = figures.get("bandwidth_fraction")
    print("| %s | %s | %s | %s | %s | %s |" % (
        os.path.basename(path).rsplit("-", 1)[0], figures["depth"], number("prefill_tokens_per_s", "%.1f"),
        number("decode_tokens_per_s", "%.1f"), "%.0f %%" % (100 * share) if share else "-",
        number("kernels_per_layer", "%.1f")))
PYTHON
}

case "${1:-}" in
  pack) [ $# -eq 2 ] || fail "pack needs the name of an archive."; pack "$2" ;;
  run) [ $# -ge 2 ] || fail "run needs a folder for the results."; run "$2" "${3:-}" ;;
  *) sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
