#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Each of our headers compiles alone: it includes what it uses. The build cannot show that, for it has precompiled headers.
# usage: headers.sh COMPILER SCRATCH FOLDER JOBS, from the root of the repository
#
# SCRATCH keeps a stamp for each header that passed, with what it read: unchanged ones are not compiled again.
set -euo pipefail
export compiler=$1 scratch=$2 check=$0
folder=$3 jobs=$4

# What the build defines for tests: texts, whatever is in them.
flags=$({ grep -rhoE --include=CMakeLists.txt --exclude-dir=build '\bESTOP_[A-Z_]+="' . || true; } | sort -u | sed 's/\(.*\)="/-D\1="\1"/')
export flags

alone() {
  local header=$1 stamp=$scratch/$1.ok reads=$scratch/$1.d began=$scratch/$1.$$
  mkdir -p "$(dirname "$stamp")"
  if [ -e "$stamp" ] && [ "$stamp" -nt "$check" ] && [ -z "$(newer "$stamp" "$reads")" ]; then return; fi
  rm -f "$stamp"
  touch "$began"  # before the compiler reads: what changes meanwhile is newer
  # shellcheck disable=SC2086 # one flag a word
  "$compiler" -std=c++20 -w -fsyntax-only -I. -Iagent-runtime/include -DMSGPACK_NO_BOOST \
    -DMSGPACK_DEFAULT_API_VERSION=3 $flags -MMD -MF "$reads" -x c++ -include "$header" /dev/null && mv "$began" "$stamp"
}

# The files of a .d file that are newer than the stamp, or gone.
newer() {
  local file
  for file in $(sed 's/^[^:]*://; s/\\$//' "$2"); do
    [ "$1" -nt "$file" ] || echo "$file"
  done
}
export -f alone newer

find "$folder" -name node_modules -prune -o -name '*.h' -print0 |
  xargs -0 -r -n 1 -P "$jobs" bash -euo pipefail -c 'alone "$1"' alone ||
  { echo "include in the header what it uses, or declare it there"; exit 1; }
