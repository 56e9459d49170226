#!/usr/bin/env bash
# Starts a display, a window manager and a session bus of its own, then runs a test, named by its file, with the
# program given.
set -euo pipefail
program=$(realpath "$1")
here=$(dirname "$(realpath "$0")")

for need in Xvfb openbox xdotool dbus-run-session; do
  command -v "$need" >/dev/null || { echo "e2e: $need is not installed; packaging/test.sh installs it." >&2; exit 1; }
done

# The model is told the name of its folder: another one would be another question.
scratch="/tmp/facet-e2e-$(basename "$2" .py)"
rm -rf "$scratch" && mkdir "$scratch"
trap 'kill "${xvfb:-}" 2>/dev/null || true; rm -rf "$scratch"' EXIT
export XDG_RUNTIME_DIR="$scratch/runtime" HOME="$scratch/home"
export XDG_CONFIG_HOME="$HOME/.config" XDG_DATA_HOME="$HOME/.local/share" XDG_CACHE_HOME="$HOME/.cache"
mkdir -p "$HOME" && mkdir -m 700 "$XDG_RUNTIME_DIR"

mkfifo "$scratch/display"
# Without -noreset a client that comes and goes before the window manager is there takes the display away from it.
Xvfb -displayfd 3 -screen 0 1400x1000x24 -nolisten tcp -noreset >"$scratch/xvfb.log" 2>&1 3>"$scratch/display" &
xvfb=$!
read -r number <"$scratch/display"
export DISPLAY=":$number" QT_QPA_PLATFORM=xcb QT_LINUX_ACCESSIBILITY_ALWAYS_ON=1
unset WAYLAND_DISPLAY

# Killing the window manager and the bus is the session's own business: both end with dbus-run-session.
dbus-run-session -- bash -c '
  openbox >/dev/null 2>&1 &
  /usr/libexec/at-spi-bus-launcher --launch-immediately >/dev/null 2>&1 &
  for attempt in $(seq 100); do xdotool get_desktop >/dev/null 2>&1 && break; sleep 0.1; done
  /usr/bin/python3 "$0" "$1" "$2"
  status=$?
  kill $(jobs -p) 2>/dev/null
  exit $status' "$here/$2" "$program" "$scratch"
