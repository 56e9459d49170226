#!/usr/bin/env bash
# How long the window takes from start to usable, and what memory it holds when idle. Prints a line per run and medians.
# Usable is the moment at which the window is on the screen and has the keyboard: from then on what is typed arrives.
#
# usage: window_start.sh PROGRAM [RUNS]
set -euo pipefail
program=$(realpath "$1")
runs=${2:-10}
scratch=$(mktemp -d)
trap 'kill "${xvfb:-}" "${manager:-}" 2>/dev/null || true; rm -rf "$scratch"' EXIT
export XDG_RUNTIME_DIR="$scratch/runtime" HOME="$scratch/home" QT_QPA_PLATFORM=xcb
export XDG_CONFIG_HOME="$HOME/.config" XDG_DATA_HOME="$HOME/.local/share" XDG_CACHE_HOME="$HOME/.cache"
mkdir -p "$HOME" && mkdir -m 700 "$XDG_RUNTIME_DIR"
mkfifo "$scratch/display"
Xvfb -displayfd 3 -screen 0 1400x900x24 -nolisten tcp -noreset >"$scratch/xvfb.log" 2>&1 3>"$scratch/display" &
xvfb=$!
read -r number <"$scratch/display"
export DISPLAY=":$number"
unset WAYLAND_DISPLAY
openbox >/dev/null 2>&1 &
manager=$!
sleep 0.5

now_ms() { echo $(($(date +%s%N) / 1000000)); }
resident_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }
# Anonymous memory is what the program holds itself; the rest are files mapped and shared with other programs.
anonymous_kb() { awk '/^RssAnon/ { print $2 }' "/proc/$1/status"; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

measure() {
  local label=$1 model=$2 run
  : >"$scratch/times"
  : >"$scratch/memory"
  for run in $(seq "$runs"); do
    local begin end pid
    begin=$(now_ms)
    "$program" --data "$scratch/data" --model "$model" 2>/dev/null &
    pid=$!
    until [ "$(xdotool getwindowfocus getwindowpid 2>/dev/null)" = "$pid" ]; do sleep 0.005; done
    end=$(now_ms)
    sleep 2
    echo "$label run $run: $((end - begin)) ms, $(resident_kb $pid) kB resident, $(anonymous_kb $pid) kB of it anonymous"
    echo $((end - begin)) >>"$scratch/times"
    resident_kb $pid >>"$scratch/memory"
    kill $pid
    wait $pid 2>/dev/null || true
  done
  echo "$label: median $(median <"$scratch/times") ms to the focused window, $(median <"$scratch/memory") kB resident when idle"
}

measure "practice model" built-in
measure "no model" /nonexistent.gguf
