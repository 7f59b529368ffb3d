#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# clang-tidy 14, with the checks of .clang-tidy, over the sources that differ from the main branch: committed, changed or new.
# With ESTOP_TIDY_ALL=1 over every source, which takes the better part of an hour. Where more than 30 differ it is skipped:
# then that is the better command.
# usage: clang_tidy.sh SCRATCH JOBS, from the root of the repository
#
# SCRATCH keeps a stamp for each source that passed: one that is as it was is looked at again only with ESTOP_TIDY_ALL=1.
set -euo pipefail
export scratch=$1 check=$0
jobs=$2
skip() { echo "SKIPPED: $*"; exit 0; }
command -v clang-tidy-14 >/dev/null || skip "no clang-tidy 14 here"

sources() {
  if [ "${ESTOP_TIDY_ALL:-}" = 1 ]; then
    find . \( -name build -o -name node_modules -o -name '.?*' \) -prune -o \( -name '*.h' -o -name '*.cc' \) -print0
    return
  fi
  git diff --name-only -z --diff-filter=d "$base" -- '*.h' '*.cc'
  git ls-files -z --others --exclude-standard -- '*.h' '*.cc'
}
base=
if [ "${ESTOP_TIDY_ALL:-}" != 1 ]; then
  for main in origin/main main; do
    base=$(git merge-base HEAD "$main" 2>/dev/null) && break
  done
  [ -n "$base" ] || skip "no main branch to compare with: ESTOP_TIDY_ALL=1 looks at everything"
fi

# What the build defines for tests: texts, whatever is in them.
flags=$({ grep -rhoE --include=CMakeLists.txt --exclude-dir=build '\bESTOP_[A-Z_]+="' . || true; } | sort -u | sed 's/\(.*\)="/-D\1="\1"/')
export flags

look() {
  local source=${1#./} stamp said
  stamp=$scratch/$source.ok
  if [ "${ESTOP_TIDY_ALL:-}" != 1 ] && [ "$stamp" -nt "$source" ] && [ "$stamp" -nt .clang-tidy ] &&
    [ "$stamp" -nt "$check" ]; then
    return
  fi
  mkdir -p "$(dirname "$stamp")"
  touch "$stamp.new"
  # shellcheck disable=SC2086 # one flag a word
  if ! said=$(clang-tidy-14 --quiet "$source" -- -x c++ -std=c++20 -w -I. -Iagent-runtime/include \
    -DMSGPACK_NO_BOOST -DMSGPACK_DEFAULT_API_VERSION=3 $flags 2>&1); then
    rm -f "$stamp" "$stamp.new"
    printf '%s\n' "$said"
    return 1
  fi
  mv "$stamp.new" "$stamp"
}
export -f look

differ=$(sources | tr -cd '\0' | wc -c)
if [ "${ESTOP_TIDY_ALL:-}" != 1 ] && [ "$differ" -gt 30 ]; then
  skip "$differ sources differ from the main branch: ESTOP_TIDY_ALL=1 looks at everything"
fi
sources | sort -zu | xargs -0 -r -n 1 -P "$jobs" bash -euo pipefail -c 'look "$1"' look
