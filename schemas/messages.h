// SPDX-License-Identifier: Apache-2.0

// Every message of Estop as a plain struct. PROTOCOL.md describes the bytes; codec.h encodes and
// decodes them.
//
// Times: `…_ms` at the end of a wall-clock field means milliseconds since 1970 (UTC), for people
// only. Durations carry their unit in the name. No part decides by a wall clock.
#pragma once

#include <array>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/record.h"

namespace estop::schemas {

// --- Intents ---

enum class IntentFlag : std::uint32_t {
  kRequest = 1,  // the sender waits for a reply on its inbox
  kReply = 2,    // answers the intent whose id this one carries; goes to its `reply_instance`
  kFailed = 4,   // a reply that says that the handler failed; the payload is its sentence
};

// The head of an intent, as views into the message. It names no sender: the subject does, and the
// broker checked the subject.
struct IntentHead {
  std::string_view id;            // segment of at most kIntentIdMax_bytes, unique per sender
  std::uint64_t incarnation = 0;  // of the sender
  std::uint32_t ttl_ms = 0;       // how long the sender waits; 0: no limit
  std::string_view trace;         // W3C traceparent or empty
  std::uint32_t flags = 0;        // IntentFlag bits; unknown bits are refused
  std::string_view payload;       // opaque
  // The instance that waits for the reply. On a request: the sender's own (the bridge compares it
  // with the subject). On a reply: the instance that sent the request. Otherwise empty.
  std::string_view reply_instance;
};
[[nodiscard]] constexpr bool has(std::uint32_t flags, IntentFlag flag) noexcept {
  return (flags & static_cast<std::uint32_t>(flag)) != 0;
}

// --- Control and bridges ---

struct Grant {
  std::string bridge;
  Process process;
  std::uint64_t nonce = 0;  // of the bridge's beat that this grant answers
  friend bool operator==(const Grant&, const Grant&) = default;
};

// Signed by control. Sent when a bridge beats, when the head moves, and at least every beat time.
struct LeaseFrame {
  Process leader;
  std::uint64_t term = 0;
  Reads reads = own_reads();  // of control
  Head head{};  // newest record that bridges may apply: committed, and durable if it is a resume
  std::vector<Grant> grants{};
  // Signed record frames of kills that the stream has not taken yet.
  std::vector<Bytes> uncommitted{};
  // About all kills that are not committed, also where several frames of one `round` carry them:
  // their number, and their digest (digest_of). A bridge that did not get them all takes no grant.
  std::uint64_t round = 0;
  std::uint64_t uncommitted_count = 0;
  Hash uncommitted_digest{};
  std::uint64_t sent_at_ms = 0;
  // Where the log may be read from: the number of the first part of the newest snapshot. 0: only
  // from its beginning.
  std::uint64_t begins = 0;
  friend bool operator==(const LeaseFrame&, const LeaseFrame&) = default;
};

enum class BridgeState : std::uint8_t {
  kReplaying = 1,  // closed: reads the log
  kJoining = 2,    // closed: at the head, asks to join
  kOpen = 3,
  kLeaving = 4,  // clean stop: closed for good
};

struct BridgeBeat {
  std::string bridge;
  Process process;
  std::uint64_t nonce = 0;
  BridgeState state = BridgeState::kReplaying;
  Head applied;
  PublicKey key{};
  Reads reads = own_reads();
  std::uint64_t forwarded = 0;  // intents since start
  std::uint64_t refused = 0;
  // Of these: sender or receiver under a kill, or an old incarnation.
  std::uint64_t refused_killed = 0;
  // Intents that the gate let pass though a kill holds their scope, and that the second look right
  // before the forward refused. This is a defect of the gate; the counter must stay 0. It counts
  // contradictions, not deliveries: no such intent was forwarded.
  std::uint64_t after_fence = 0;
  // Signed frames of kills that it holds and that are not in the applied log.
  std::vector<Bytes> held{};
  friend bool operator==(const BridgeBeat&, const BridgeBeat&) = default;
};

// A bridge asks control for one record of the log. It may not ask the stream itself: JetStream
// sends its answer to any reply subject, so a bridge that may ask could also write or delete.
struct LogRead {
  std::uint64_t seq = 0;
  friend bool operator==(const LogRead&, const LogRead&) = default;
};

struct LogReadReply {
  Errc code = Errc::kOk;  // kNotFound: the stream has no such record, yet or any more
  std::string detail;
  Bytes frame;  // the signed frame; empty unless kOk
  friend bool operator==(const LogReadReply&, const LogReadReply&) = default;
};

// A bridge's signed statement that it obeyed a kill or resume. For a kill it is a barrier (see
// Subjects::receipt).
struct BridgeReceipt {
  std::string bridge;
  Process process;
  // Counts this process's connections to AGENTS: the one that carries this receipt.
  std::uint64_t connection = 0;
  std::string op_id;
  std::uint64_t epoch = 0;  // as in the obeyed record, with seq; 0 while it had none
  std::uint64_t seq = 0;
  RecordKind kind = RecordKind::kKill;
  // Intents from or to the scope that passed this bridge before the latch, since its start.
  std::uint64_t forwarded_before = 0;
  // Intents refused because of this kill, up to this receipt. 0 in the first one, which goes out at
  // the latch; more in a repeated one.
  std::uint64_t refused_since = 0;
  std::uint64_t latched_in_us = 0;  // from reading the record to this receipt
  friend bool operator==(const BridgeReceipt&, const BridgeReceipt&) = default;
};

// --- Agents ---

enum class AgentState : std::uint8_t {
  kUnknown = 1,  // announced or just resumed, no beat yet
  kHealthy = 2,
  kStale = 3,
  kCrashed = 4,
  kLeft = 5,
  kKilled = 6,  // overlay: covered by a kill
};

struct Hello {
  PublicKey key{};  // signs this instance's receipts (from its credential)
  Process process;
  std::string host;
  std::uint64_t pid = 0;
  std::string runtime;     // "estop-cpp/0.1.0"
  std::string spawned_by;  // address text or empty
  bool goodbye = false;    // true: a clean leave
  Reads reads = own_reads();
  friend bool operator==(const Hello&, const Hello&) = default;
};

// A kill that holds, as shown to the parts that it concerns (design rule: every refusal gives its
// reason).
struct Latch {
  std::string op_id;
  std::uint64_t seq = 0;
  HoldKind hold = HoldKind::kKill;
  Scope scope{};
  KillMode mode = KillMode::kGrace;
  std::string actor{};
  std::string reason{};
  std::uint64_t since_ms = 0;
  friend bool operator==(const Latch&, const Latch&) = default;
};

[[nodiscard]] Latch latch_of(const Record& kill);

struct CheckpointInfo {
  std::string key;
  std::uint64_t version = 0;
  std::uint64_t size_bytes = 0;
  friend bool operator==(const CheckpointInfo&, const CheckpointInfo&) = default;
};

struct HelloReply {
  Errc code = Errc::kOk;
  std::string detail;
  std::uint64_t incarnation = 0;
  std::uint32_t beat_ms = kAgentBeat_ms;
  std::uint32_t lease_ms = kAgentLease_ms;
  std::vector<Latch> latches;               // non-empty: start stopped
  std::vector<CheckpointInfo> checkpoints;  // get each by key
  friend bool operator==(const HelloReply&, const HelloReply&) = default;
};

struct Beat {
  Process process;
  std::uint64_t nonce = 0;
  std::uint64_t incarnation = 0;
  bool stopped = false;    // obeys a kill at the moment
  std::uint64_t sent = 0;  // intents since this instance started, as all counters below
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t handled = 0;
  std::uint64_t latency_total_us = 0;
  std::uint64_t cost_micro_usd = 0;
  std::uint64_t tokens = 0;
  std::uint64_t api_calls = 0;
  friend bool operator==(const Beat&, const Beat&) = default;
};

struct BeatReply {
  std::uint64_t nonce = 0;
  Errc code = Errc::kOk;          // kNotFound: say hello again (control lost or resumed you)
  std::uint64_t incarnation = 0;  // of the address now; higher than yours: say hello again
  std::vector<Latch> latches;     // non-empty: stop, in case the order itself was lost
  friend bool operator==(const BeatReply&, const BeatReply&) = default;
};

// The stage of a stop. Other stages are reserved for supervisors and receivers (PROTOCOL.md, 4).
enum class StopStage : std::uint8_t { kStopped = 1 };

// A runtime's signed statement that it obeyed a kill: handlers ended, the stop callback returned.
struct StoppedReceipt {
  std::string op_id;
  Process process;
  std::uint64_t seq = 0;
  StopStage stage = StopStage::kStopped;
  std::uint64_t handlers_cancelled = 0;
  std::uint64_t intents_dropped = 0;  // queued and not started
  // True: the grace is over and something still runs. This is no stop; another receipt follows when
  // everything has ended.
  bool grace_exceeded = false;
  std::uint64_t stopped_in_us = 0;  // from reading the order to this receipt
  friend bool operator==(const StoppedReceipt&, const StoppedReceipt&) = default;
};

enum class StoreOp : std::uint8_t {
  kPut = 1,            // checkpoint: key, expected_version (0: must not exist), bytes
  kGet = 2,            // checkpoint: key
  kEffectBegin = 3,    // effect: key; durable before the answer
  kEffectFinish = 4,   // effect: key; bytes = the outcome to remember (≤ 4 KiB)
  kEffectAbandon = 5,  // effect: key; begun, but certainly not carried out: may be begun again
};

enum class EffectState : std::uint8_t {
  kNone = 0,      // never begun: after kEffectBegin it is yours
  kBegun = 1,     // begun and not finished, by another life or process: ambiguous, do not repeat
  kFinished = 2,  // done; `bytes` is the remembered outcome
};

struct StoreRequest {
  StoreOp op = StoreOp::kGet;
  std::string key;
  std::uint64_t expected_version = 0;
  std::uint64_t incarnation = 0;
  Bytes bytes;
  friend bool operator==(const StoreRequest&, const StoreRequest&) = default;
};

struct StoreReply {
  Errc code = Errc::kOk;  // kVersionConflict carries the version that is there
  std::string detail;
  std::uint64_t version = 0;                // checkpoints: the version now stored
  EffectState effect = EffectState::kNone;  // effects: the state *before* this request
  Bytes bytes;
  friend bool operator==(const StoreReply&, const StoreReply&) = default;
};

std::ostream& operator<<(std::ostream& out, RecordKind kind);
std::ostream& operator<<(std::ostream& out, ActorKind kind);
std::ostream& operator<<(std::ostream& out, KillMode mode);
std::ostream& operator<<(std::ostream& out, PendingWork pending);
std::ostream& operator<<(std::ostream& out, BridgeState state);
std::ostream& operator<<(std::ostream& out, AgentState state);
std::ostream& operator<<(std::ostream& out, StoreOp op);
std::ostream& operator<<(std::ostream& out, EffectState state);
[[nodiscard]] std::string_view name(RecordKind kind) noexcept;      // "kill"
[[nodiscard]] std::string_view name(ActorKind kind) noexcept;       // "operator"
[[nodiscard]] std::string_view name(HoldKind kind) noexcept;        // "kill"
[[nodiscard]] std::string_view name(StopStage stage) noexcept;      // "stopped"
[[nodiscard]] std::string_view name(KillMode mode) noexcept;        // "now", "grace"
[[nodiscard]] std::string_view name(PendingWork pending) noexcept;  // "redeliver"
[[nodiscard]] std::string_view name(BridgeState state) noexcept;
[[nodiscard]] std::string_view name(AgentState state) noexcept;   // "healthy"
[[nodiscard]] std::string_view name(StoreOp op) noexcept;         // "effect-begin"
[[nodiscard]] std::string_view name(EffectState state) noexcept;  // "begun"

}  // namespace estop::schemas
