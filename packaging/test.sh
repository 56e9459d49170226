#!/usr/bin/env bash
# Installs what is missing, builds everything and runs every test without a display. Arguments go to ctest
# (packaging/test.sh -L tools).
set -euo pipefail
# shellcheck source=packaging/setup.sh
. "$(dirname "$(realpath "$0")")/setup.sh"
install_missing run test
"$root/packaging/build.sh"

# The window tests bring a display of their own; the other ones must not find the user's.
unset DISPLAY WAYLAND_DISPLAY
export QT_QPA_PLATFORM=offscreen
# Without a Vulkan device half of the engine's tests would be left out in silence.
export FACET_EXPECTS_LAVAPIPE=1
ctest --test-dir "$root/build" --output-on-failure --parallel "$(nproc)" "$@"
