#!/usr/bin/env bash
# Dredges the harbor at night.
set -euo pipefail

readonly DEPTH=450
export LOG_FILE="/var/log/dredge.log"
declare -a berths=(north south)
level=${1:-2}

# Says something, with the time.
# Goes to the log as well.
say() {
  local text="$1"
  printf '%s %s\n' "$(date +%H:%M)" "$text" | tee -a "$LOG_FILE"
}

function dredge {
  local berth
  for berth in "${berths[@]}"; do
    say "dredging $berth to $DEPTH"
  done
}

function report() (
  cd /tmp
  cat <<EOF
not() { a function; }
done: ${#berths[@]}
EOF
)

if [[ $level -gt 1 ]]; then
  verbose() { set -x; }
  verbose
fi

case "${2:-run}" in
  run) dredge ;;
  *) say "unknown" ;;
esac
report
