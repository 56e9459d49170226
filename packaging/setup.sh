# Sourced by the scripts of this folder: finds the repository, and installs the packages that are missing.
# shellcheck shell=bash

root=$(dirname "$(dirname "$(realpath "${BASH_SOURCE[0]}")")")
export root

# Says in one sentence what is wrong, and ends the script.
fail() {
  echo "Facet: $*" >&2
  exit 1
}

# Texts and file names are UTF-8, also where no locale has been set up, as in a bare container.
case "${LC_ALL:-${LC_CTYPE:-${LANG:-}}}" in
  *[Uu][Tt][Ff]*) ;;
  *) export LC_ALL=C.UTF-8 ;;
esac

# The packages of the sections of dependencies.txt that are named.
packages_of() {
  awk -v sections=" $* " '
    /^\[/ { name = $1; gsub(/[][]/, "", name); wanted = index(sections, " " name " "); next }
    wanted && NF && !/^#/ { print $1 }' "$root/packaging/dependencies.txt"
}

# Those of the packages given that are not installed. npm also comes with packages of other names.
missing_of() {
  comm -23 <(printf '%s\n' "$@" | sort -u) \
    <({
      dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null | awk '$2 == "installed" { print $1 }'
      ! command -v npm >/dev/null || echo npm
    } | sort -u)
}

# apt-get as root: install_missing knows which words that takes.
apt_get() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 "$@"
}

# install_missing SECTION...: installs what is missing and says nothing when that is nothing.
install_missing() {
  local missing log as_root=() updated=yes
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    fail "this system has no apt; install what packaging/dependencies.txt names and build with cmake --preset release."
  # shellcheck disable=SC2046
  mapfile -t missing < <(missing_of $(packages_of "$@"))
  [ "${#missing[@]}" -gt 0 ] || return 0

  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; } ||
      fail "packages are missing and only root may install them: apt-get update && apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  echo "Facet: installing ${missing[*]}" >&2
  log=$(mktemp -t facet-install.XXXXXX)
  # A list that can not be fetched need not be the one that is needed, so only the installation decides.
  apt_get -o APT::Update::Error-Mode=any update >"$log" 2>&1 || updated=no
  if ! apt_get install --yes --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
    [ "$updated" = yes ] ||
      fail "the package lists could not be fetched, so ${#missing[@]} packages are missing; is there a network? (apt's words: $log)"
    fail "apt-get could not install ${missing[*]} (its words: $log)"
  fi
  rm -f "$log"
}
