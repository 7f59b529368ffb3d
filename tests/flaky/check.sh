#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Holds repeatable.awk against a log in which each kind of failure stands once.
# usage: check.sh FOLDER_OF_THIS_FILE
set -eu
here=$1
names=$(mktemp)
late=$(mktemp)
trap 'rm -f "$names" "$late"' EXIT
sed -n 's/^[0-9]*\/[0-9]* Test: //p' "$here/sample.log" | grep -v '^Unit\.' >"$names"
echo Fault.EndedByCTest >"$late"
found=$(awk -v process_tests="$names" -v timed_out="$late" -f "$here/repeatable.awk" "$here/sample.log")
expected='Fault.WaitedInVain
Fault.SetUpThrew
Fault.EndedByCTest'
if [ "$found" != "$expected" ]; then
  printf 'may be repeated:\n%s\nexpected:\n%s\n' "$found" "$expected"
  exit 1
fi
