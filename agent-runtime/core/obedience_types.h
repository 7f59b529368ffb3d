// SPDX-License-Identifier: Apache-2.0

// The events and effects of obedience. See obedience.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <variant>
#include <vector>

#include "estop/stop_cause.h"
#include "schemas/messages.h"

namespace estop::agent {

// Since boot, suspend included (CLOCK_BOOTTIME). A value, never read here.
using BootTime = std::chrono::nanoseconds;

// --- Events ---
struct Connected {};     // first time and after each reconnect
struct Disconnected {};  // will be retried by itself
struct SessionLost {     // for good: credential revoked
  schemas::Error error;
};
struct HelloAnswered {
  std::uint64_t number = 0;  // of SendHello
  schemas::HelloReply reply;
};
struct HelloFailed {
  schemas::Error error;
};
struct BeatAnswered {
  schemas::BeatReply reply;
};
struct OrderSeen {  // a record on one of the two control subjects, signature not checked
  schemas::Record record;
};
struct OrderChecked {  // the answer to CheckOrder
  schemas::Record record;
  bool signed_by_control = false;
};
struct OrderUnreadable {
  schemas::Error error;
  bool signed_by_control = false;
};
struct WorkStopped {  // the answer to StopWork: nothing starts any more
  std::uint64_t drain = 0;
  std::uint64_t cancelled = 0;  // handlers that were running and were told to stop
  std::uint64_t dropped = 0;    // queued and not started
};
struct HandlersEnded {  // of that drain, all of them
  std::uint64_t drain = 0;
};
struct CallbackReturned {
  std::uint64_t drain = 0;
};
struct Doubted {  // a bridge refused an intent of ours
  schemas::Errc code = schemas::Errc::kOk;
};
struct Unanswered {};  // a hello or beat got no answer, not even the broker's "no responders"
struct BeatUnreadable {
  schemas::Error error;
};
struct ReceiptUnsent {};  // the connection did not take the receipt of SendReceipt
struct Tick {};

using Event =
    std::variant<Connected, Disconnected, SessionLost, HelloAnswered, HelloFailed, BeatAnswered,
                 OrderSeen, OrderChecked, OrderUnreadable, WorkStopped, HandlersEnded,
                 CallbackReturned, Doubted, Unanswered, BeatUnreadable, ReceiptUnsent, Tick>;

// --- Effects, to be carried out in their order ---

// Why the agent is stopped, for people. `latch` is filled for kills.
struct Halt {
  StopCause cause = StopCause::kKill;
  schemas::Latch latch;
  std::string reason;
  BootTime grace_until{};
  friend bool operator==(const Halt&, const Halt&) = default;
};

struct RaiseStop {  // the flag and the gate, before anything else; again when the halt changes
  Halt halt;
};
struct LowerStop {};  // the only order was forged: undo the stop
struct CheckOrder {   // verify the signature, answer with OrderChecked at once
  schemas::Record record;
};
struct StopWork {  // cancel handlers, drop the queue, fail requests, call back
  std::uint64_t drain = 0;
  Halt halt;
};
struct StartWork {  // a new life; the flag goes down
  std::uint64_t life = 0;
  std::uint64_t incarnation = 0;
};
struct RenewLease {
  BootTime until{};
};
struct SendHello {
  std::uint64_t number = 0;
};
struct SendBeat {
  std::uint64_t nonce = 0;
  std::uint64_t incarnation = 0;
  bool stopped = false;
};
struct SendReceipt {
  schemas::StoppedReceipt receipt;
};
struct PeerKilled {  // of others too: their queued intents, requests to them
  schemas::Record record;
};
struct PeerResumed {
  schemas::Record record;
};
struct KeepCheckpoints {  // as control knows them, and in which incarnation it answers
  std::uint64_t incarnation = 0;
  std::vector<schemas::CheckpointInfo> checkpoints;
};
struct BecomeReady {};  // once: control answered the hello and a beat
struct EndSession {     // this instance will never run again
  schemas::Error error;
};
struct Reconnect {  // the connection may be dead in one direction: leave it, make another
  std::uint64_t unanswered = 0;
};
struct Alarm {
  schemas::Error error;
};

using Effect = std::variant<RaiseStop, LowerStop, CheckOrder, StopWork, StartWork, RenewLease,
                            SendHello, SendBeat, SendReceipt, PeerKilled, PeerResumed,
                            KeepCheckpoints, BecomeReady, EndSession, Reconnect, Alarm>;
using Effects = std::vector<Effect>;

// For tests and logs: "stop-work drain=1 kill 01HX…".
std::ostream& operator<<(std::ostream& out, const Effect& effect);

}  // namespace estop::agent
