// SPDX-License-Identifier: Apache-2.0

// Bugs that the simulation sows, one at a time, to show that it would find them. seeded_bugs.cmake
// says where; only copies of those sources ever see this.
#pragma once

namespace estop {

// By the rule of stopping (README of tests/sim) that each one breaks.
enum class Bug {
  kNone,
  kKillIgnoredWhileClosed,  // 1: stop beats everything, in every state
  kLatchLostAtReconnect,    // 2: a kill outlives reconnects
  kLatchLostAtRestart,      // 2: and restarts of control
  kResumeActsOnSight,       // 3: a resume acts only from the committed log
  kResumeLiftsUnnamed,      // 3: and lifts only the kills that it names
  kKillWaitsForCommit,      // 4: a kill never waits for the log
  kResumeWithoutRecorder,   // 4: a resume waits for the log and the database
  kOldLifePasses,           // 5: what was sent before the kill never slips through
  kOldAnswerLifts,          // 5: an agent goes on only by an answer younger than the kill
  kOpenBeforeReplay,        // 6: start closed
  kLeaseFromArrival,        // 7: leases count from the sending of one's own request
  kLeaseUnchecked,          // 7: loss of contact is a stop
  kReceiptWithoutLatch,     // 8: a receipt is a barrier
  kFenceForgetsOldBridges,  // 8: the fence waits for every bridge that could be open
  kClosedBridgeIsGranted,   // 8: and for no other
  kLogMayGoBack,            // 9: a log that goes back is a stop and an alarm
  kUnknownOrderIgnored,     // 10: what a part does not understand stops it
  kUnreadableRecord,        // 10: control writes only what everybody reads
  kRefusalNamesNoKill,      // 12: every refusal says why
  kOpIdHijacked,            // told: a kill holds, whatever else its op id was used for
  kSnapshotForgetsKills,    // kept: a snapshot says all that holds
  kDeadAreWaitedFor,        // stopped: a kill waits for those who may live, not for the dead
};

extern Bug sown_bug;

}  // namespace estop

#define SOWN(bug) (::estop::sown_bug == ::estop::Bug::bug)
