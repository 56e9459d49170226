#!/usr/bin/env bash
# Fetches the grammars that tools/code/grammars/package-lock.json names, with their checksums, into build/grammars/.
set -euo pipefail
# shellcheck source=packaging/setup.sh
. "$(dirname "$(realpath "$0")")/setup.sh"

wanted="$root/tools/code/grammars"
grammars="$root/build/grammars"
# What says that all of them are there, and of which versions; cmake looks at it.
installed="$grammars/installed-lock.json"
! cmp -s "$wanted/package-lock.json" "$installed" || exit 0

command -v npm >/dev/null || fail "npm is missing, with which the grammars of tree-sitter are fetched: apt-get install npm"
echo "Facet: fetching the grammars of tree-sitter" >&2
mkdir -p "$grammars"
rm -f "$installed"
cp "$wanted/package.json" "$wanted/package-lock.json" "$wanted/.npmrc" "$grammars/"
log=$(mktemp -t facet-grammars.XXXXXX)
(cd "$grammars" && npm ci --ignore-scripts --no-audit --no-fund --prefer-offline) >"$log" 2>&1 ||
  fail "the grammars of tree-sitter could not be fetched; is there a network? (npm's words: $log)"
rm -f "$log"
cp "$wanted/package-lock.json" "$installed"
