# SPDX-License-Identifier: Apache-2.0
#
# Reads what CTest wrote of a run (Testing/Temporary/LastTest.log). Prints the names of the failed
# tests that may be repeated once, one a line.
#
# process_tests: a file with the names of the tests that start processes, one a line.
# timed_out: a file with the names of the tests that CTest ended because their time was over.
#
# A test may be repeated if it starts processes, and if each of its failures is a wait that ended in
# vain, an exception during its set-up, or the time-out of CTest. A broken promise of Estop is none of
# these: an intent behind a fence, something acknowledged and lost, a forged order obeyed. A test that
# saw one has failed, even if it passes afterwards.

BEGIN {
  while ((getline name < process_tests) > 0) starts_processes[name] = 1
  while ((getline name < timed_out) > 0) is_timed_out[name] = 1
}

/^[0-9]+\/[0-9]+ Test: / {
  name = $0
  sub(/^[0-9]+\/[0-9]+ Test: /, "", name)
  is_output = failures = excused = broken = 0
  before = ""
  next
}

/^Output:$/ { is_output = 1; next }
/^<end of output>$/ { is_output = 0; next }

is_output && /: Failure$/ {
  ++failures
  if (before ~ /^waited in vain: /) ++excused
}
is_output && / thrown in (SetUp\(\)|the test fixture's constructor)\.$/ { ++excused }
is_output && /behind the fence|delivered twice|acknowledged|forged/ { broken = 1 }
is_output { before = $0 }

/^Test Failed\.$/ {
  has_reason = failures > 0 || name in is_timed_out
  if (name in starts_processes && has_reason && failures == excused && !broken) print name
}
