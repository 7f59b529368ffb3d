#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# No class of the product has more than 25 functions: one with more is several nouns. Private and static ones and overloads
# count; constructors, destructors, operators and lambdas do not. Without universal-ctags it says so and passes as skipped.
# usage: classes.sh ROOT
set -euo pipefail
cd "$1"

functions_max=25

# Classes that had more when the rule came. A number may only shrink; at 25 its row goes. Behind the number: why it may stay.
wider='
estop::control::Ledger 59 the log as its leader sees it; its memory of op ids, its queue and its start are to become classes
estop::Agent 27 the public API: its users find all of it in one class
'

if ! command -v ctags >/dev/null || [[ $(ctags --version) != "Universal Ctags"* ]]; then
  echo "SKIPPED: no universal-ctags here"
  exit 0
fi

# path:line class functions
count() {
  find schemas broker-bridge agent-runtime control -name node_modules -prune -o \( -name '*.h' -o -name '*.cc' \) -print |
    sort | ctags -L - -f - --sort=no --languages=C++ --kinds-C++=cspf --fields=KnesZ --excmd=number | awk -F '\t' '
      { kind = scope = line = end = ""
        for (i = 4; i <= NF; ++i) {
          if ($i ~ /^line:/) line = substr($i, 6) + 0
          else if ($i ~ /^end:/) end = substr($i, 5) + 0
          else if ($i ~ /^scope:/) { scope = $i; sub(/^scope:[a-z]+:/, "", scope) }
          else kind = $i
        }
      }
      kind == "class" || kind == "struct" {
        name = (scope == "" ? "" : scope "::") $1
        first[$2, name] = line
        last[$2, name] = end
        next
      }
      # Behind the class stand definitions of what was declared, and counted, inside. A lambda is named __anon…
      ($2, scope) in first && line <= last[$2, scope] {
        own = scope
        sub(/.*::/, "", own)
        if ($1 != own && $1 !~ /^(~|operator[^a-z0-9_]|__anon)/) ++functions[$2, scope]
      }
      END { for (key in functions) { split(key, at, SUBSEP); print at[1] ":" first[key], at[2], functions[key] } }'
}

count | sort | awk -v max="$functions_max" -v wider="$wider" '
  BEGIN { rows = split(wider, row, "\n"); for (i in row) { split(row[i], of, " "); if (of[1] != "") allowed[of[1]] = of[2] } }
  { seen[$2] = 1
    if (!($2 in allowed)) {
      if ($3 > max) report($1 ": " $2 " has " $3 " functions: at most " max "; make a class of each thing in it")
    } else if ($3 > allowed[$2]) {
      report($1 ": " $2 " has " $3 " functions: had " allowed[$2] " and may only shrink; make a class of each thing in it")
    } else if ($3 <= max) {
      report($1 ": " $2 " has " $3 " functions now: remove its row from tests/tidy/classes.sh")
    } else if ($3 < allowed[$2]) {
      report($1 ": " $2 " has " $3 " functions now: write that into its row in tests/tidy/classes.sh")
    }
  }
  function report(text) { print text; found = 1 }
  END { exit found }'
