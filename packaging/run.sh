#!/usr/bin/env bash
# Installs what is missing, builds Facet and opens it on the built-in model. Arguments go to the window.
# Without a display the same is shown on the command line: a question about a sample document, and the answer.
set -euo pipefail
# shellcheck source=packaging/setup.sh
. "$(dirname "$(realpath "$0")")/setup.sh"
"$root/packaging/build.sh" facet

if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  exec "$root/build/facet" --model built-in "$@"
fi

question="What is the budget in harbor.txt?"
echo "Facet: there is no display, so the question is asked on the command line: $question" >&2
exec "$root/build/facet" ask --folder "$root/packaging/sample" --model built-in --temperature 0 "$question"
