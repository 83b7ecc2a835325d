# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# What the scripts of this folder share. Source it: `. "$(dirname "$0")/lib.sh"` leaves you in the repository's root.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
ROOT=$PWD
COLLECTION=ansible_collections/cloudreset/huaweicloud
export ROOT COLLECTION

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# PATH without pyenv's shims: one for a Python that is not switched on is found, and then exits 127.
strip_shims() {
  local part out=
  while IFS= read -r -d : part; do
    [[ $part == *pyenv*/shims ]] || out+=${out:+:}$part
  done <<<"$PATH:"
  PATH=$out
  export PATH
}

# find_python MINOR...: the first real interpreter among 3.MINOR, on PATH or in pyenv; nothing if there is none.
find_python() {
  local minor candidate
  for minor in "$@"; do
    for candidate in "$(type -P "python3.$minor" || true)" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3."$minor".*/bin/python3; do
      if [[ -x $candidate ]] && "$candidate" -c 'import sys' 2>/dev/null; then
        say "$candidate"
        return
      fi
    done
  done
}

# apt_install WHY PACKAGE...: asks nobody, since whoever types make wants it to work; says what and why first.
apt_install() {
  local why=$1 sudo=()
  shift
  [[ $EUID == 0 ]] || sudo=(sudo)
  say "installing with apt: $* ($why)"
  type -P apt-get >/dev/null || die "there is no apt-get here; install these by hand and try again: $*"
  "${sudo[@]}" apt-get -q update </dev/null >/dev/null
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "$@" </dev/null >/dev/null
}

# The lab makes namespaces and mounts, so it and what reads its keys need root; nothing else here does.
as_root() {
  if [[ $EUID == 0 ]]; then "$@"; else sudo --preserve-env env PATH="$PATH" "$@"; fi
}

lab() { as_root env PYTHONPATH=tests .venv/bin/python -m lab "$@"; }

strip_shims
CLOUDRESET_LAB_POWERSHELL=$(tests/tools/powershell)
export CLOUDRESET_LAB_POWERSHELL
