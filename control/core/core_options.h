// SPDX-License-Identifier: Apache-2.0

// The options of control, and its counters.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "control/core/access/clients.h"
#include "control/core/agents/registry.h"
#include "control/core/bridges/roster.h"
#include "control/core/log/op_memory.h"
#include "control/core/log/snapshots.h"
#include "schemas/subjects.h"

namespace estop::control {

struct CoreOptions {
  schemas::Process process{};  // of this control
  RosterOptions roster;
  RegistryOptions agents;
  std::uint64_t lease_every_us = schemas::kBridgeBeat_ms * 1'000ULL;  // at least
  std::uint64_t sharing_grace_us = kSharingGrace_ms * 1'000ULL;
  std::size_t silent_max = 0;  // connections that cost an agent its credential; 0: none do
  std::size_t ended_ops_max = kEndedOpsKept;  // see op_memory.h
  std::uint64_t snapshot_every = kSnapshotEvery_records;
  std::string version{};
  schemas::PublicKey operators_key{};  // of the CONTROL account: vouches for operators
  schemas::Subjects subjects = schemas::Subjects::standard();
  bool takes_unsigned = false;  // also obeys unsigned resumes and revocations
  // Orders that wait for a second operator.
  bool second_for_resume = false;
  bool second_for_fleet_kill = false;
};

inline constexpr std::uint32_t kTick_ms = 100;
// The same alarm is not repeated within this time.
inline constexpr std::uint64_t kAlarmAgain_us = 60'000'000;
// For the fence of a kill that bridges have already.
inline constexpr std::uint64_t kWriteWait_us = 2'000;
inline constexpr std::uint64_t kRevokeWait_us = 500'000;        // for receipts, after a kill --now
inline constexpr std::uint64_t kRevokeAgain_us = 2'000'000;     // after one that failed
inline constexpr std::uint64_t kProposalKept_us = 600'000'000;  // for the second operator
inline constexpr std::size_t kProposalsMax = 64;
inline constexpr std::size_t kProposalsOfOneMax = 16;  // operator
inline constexpr std::size_t kHeldMax = 64;            // kills adopted from one beat

// Since the start.
struct CoreCounters {
  std::uint64_t commands = 0;
  std::map<schemas::Errc, std::uint64_t> commands_refused{};  // by error
  std::uint64_t kills = 0;
  std::uint64_t resumes = 0;
  std::uint64_t hellos = 0;
  std::uint64_t beats = 0;
  std::uint64_t stops_confirmed = 0;
  std::uint64_t bad_signatures = 0;
  std::uint64_t alarms = 0;
};

}  // namespace estop::control
