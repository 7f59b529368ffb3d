#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The format check: every .h and .cc of the tree as clang-format 14 writes it. usage: format.sh ROOT [CLANG-FORMAT]
# Without clang-format 14 it says so and passes as skipped: other versions format differently.
set -euo pipefail
root=$1 format=${2:-clang-format-14}
if ! command -v "$format" >/dev/null || [[ $("$format" --version) != *"version 14."* ]]; then
  echo "SKIPPED: no clang-format 14 here"
  exit 0
fi
cd "$root"
if ! find . \( -name build -o -name node_modules -o -name '.?*' \) -prune -o \
  \( -name '*.h' -o -name '*.cc' \) -print0 | xargs -0 "$format" --dry-run -Werror --ferror-limit=1; then
  echo "fix: $format -i FILE"
  exit 1
fi
