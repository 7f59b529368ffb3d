// SPDX-License-Identifier: Apache-2.0

// The effects of a bridge, as values: the core decides, the shell performs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "broker-bridge/core/contact/lease.h"
#include "schemas/messages.h"

namespace estop::bridge {

enum class Account : std::uint8_t {
  kAgents = 0,   // intents, deliveries, receipts
  kControl = 1,  // log, leases, beats
};
[[nodiscard]] constexpr std::size_t index(Account account) noexcept {
  return static_cast<std::size_t>(account);
}

// Publish the beat on CONTROL.
struct SendBeat {
  schemas::BridgeBeat beat;
};
// Sign, publish on AGENTS behind everything that was forwarded, and flush. `read_at`: when the
// order was read. If that fails: on_receipt_unsent.
struct SendReceipt {
  schemas::BridgeReceipt receipt;
  Nanos read_at = 0;
  schemas::Scope scope;  // of the order
};
// Tell the operator on CONTROL that this bridge holds the emergency kill.
struct TellLatched {
  schemas::Segment actor;
  std::string op_id;
  std::uint64_t forwarded_before = 0;
};
// Join or leave the queue group of the intents.
struct JoinGroup {};
struct LeaveGroup {};
// Read records from..to of the stream, in order, then on_replay_done; on_replay_failed at the first
// that does not come.
struct Replay {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};
// Forget the running replay, if there is one; none of its answers may reach the core.
struct AbandonReplay {};
// For the log. A person must look at alarms.
struct Note {
  enum class Level : std::uint8_t { kInfo, kWarning, kAlarm };
  Level level = Level::kInfo;
  std::string text;
};

using Effect = std::variant<SendBeat, SendReceipt, TellLatched, JoinGroup, LeaveGroup, Replay,
                            AbandonReplay, Note>;
using Effects = std::vector<Effect>;

// The effect for one intent. The strings are reused from intent to intent.
struct IntentOutcome {
  enum class Action : std::uint8_t {
    kForward,  // publish the same bytes on `subject`
    kRefuse,   // publish nothing but the headers on `subject`
    kIgnore,   // no sender to answer: the subject is not that of an intent
  };
  Action action = Action::kIgnore;
  std::string subject;
  schemas::Errc code = schemas::Errc::kOk;
  std::string text;  // kRefuse: the sentence, fit for a header
};

// Since start.
struct IntentCounters {
  std::uint64_t forwarded = 0;
  std::uint64_t refused = 0;
  std::uint64_t refused_killed = 0;  // of these: under a kill, or an old incarnation
  std::uint64_t refused_closed = 0;  // of these: the bridge was not open
  std::uint64_t ignored = 0;         // messages on subjects that are none
  std::uint64_t after_fence = 0;     // as BridgeBeat::after_fence: a defect; must stay 0
};
struct ContactCounters {
  // Records, lease frames and orders that were not understood or not signed.
  std::uint64_t bad_frames = 0;
  std::uint64_t replays = 0;
  std::uint64_t opened = 0;
  std::uint64_t alarms = 0;
};
struct Counters : IntentCounters, ContactCounters {};

}  // namespace estop::bridge
