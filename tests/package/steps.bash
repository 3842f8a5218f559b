# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash disable=SC2154 # scratch is the caller's
# What the scripts of this folder have in common. They set scratch, a folder of their own.
unset POLLUX_BACKEND POLLUX_LAYERS POLLUX_PLUGIN_PATH
export CMAKE_GENERATOR=Ninja

step() { printf -- '-- %s\n' "$*"; }
quietly() { "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; echo "failed: $*" >&2; exit 1; }; }
# has_printed WORDS COMMAND...: the words are in the log of the command, in one line or wrapped.
has_printed() {
  tr -s ' \n' ' ' <"$scratch/log" | grep -qF -- "$1" && return
  cat "$scratch/log" >&2
  echo "expected \"$1\" from: ${*:2}" >&2
  exit 1
}
# prints WORDS COMMAND...: the command succeeds and prints the words.
prints() {
  quietly "${@:2}"
  has_printed "$@"
}
# fails WORDS COMMAND...: the command fails, and prints the words.
fails() {
  if "${@:2}" >"$scratch/log" 2>&1; then echo "expected to fail: ${*:2}" >&2; exit 1; fi
  has_printed "$@"
}
