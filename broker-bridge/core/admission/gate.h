// SPDX-License-Identifier: Apache-2.0

// The gate: who is under a kill, who may talk to whom, and exact counts of both.
//
// Kills latch in any order and any number of times; several may hold one scope. A resume lifts
// exactly the kills of its scope that it names or that stand through its place in the log, and
// raises the incarnation of its scope to the one that it carries. The gate does not decide whether
// the bridge is open (see contact.h). Pure, not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "broker-bridge/core/admission/lifted_ops.h"
#include "broker-bridge/core/admission/scope_tree.h"
#include "schemas/holds.h"
#include "schemas/log_state.h"
#include "schemas/result.h"
#include "schemas/subjects.h"

namespace estop::bridge {

// A kill that holds.
struct HeldKill : schemas::Hold {
  std::uint64_t forwarded_before = 0;  // intents from or to the scope before the latch
  std::uint64_t refused = 0;           // intents refused because of this kill
  Node* node = nullptr;
  HeldKill* next = nullptr;  // next kill of the same scope, in the order of arrival
};

struct GateOptions {
  std::uint64_t hash_seed = 0;        // random; from the shell
  std::size_t nodes_max = 4'000'000;  // beyond: unknown senders are refused; kills always latch
  // Receivers that are counted by name although they never sent. Beyond: counted by workspace.
  std::size_t receivers_max = 65'536;
  std::size_t instances_max = schemas::kInstancesMax;  // per address
};

// The gate's verdict on one intent. Valid until the gate changes.
struct Verdict {
  schemas::Errc code = schemas::Errc::kInternal;  // kOk: may pass
  const HeldKill* cause = nullptr;  // kSenderKilled, kReceiverKilled: the kill that refuses it
  std::uint64_t incarnation = 0;    // the one that the sender should have
  Node* sender = nullptr;           // narrowest known nodes
  Node* receiver = nullptr;
};

enum class Latched : std::uint8_t {
  kNew,     // holds from now on
  kAgain,   // held already
  kLifted,  // a resume has lifted it before: no effect
};

class Gate {
 public:
  explicit Gate(GateOptions options) : options_(options), tree_(options.hash_seed) {}

  // Checks in this order: sender killed (403), receiver killed (409), incarnation (410 old, 503
  // newer than this bridge knows), limits (429). Counts refusals; `count_forward` counts intents
  // that pass, when they leave.
  [[nodiscard]] Verdict decide(const schemas::IntentSubject& parts,
                               const schemas::IntentHead& head);
  void count_forward(const Verdict& verdict);
  // The second opinion right before an intent leaves: by name, where decide() walks the tree. True
  // means a defect of one of them.
  [[nodiscard]] bool must_not_pass(const schemas::IntentSubject& parts,
                                   std::string_view to_instance) const;

  Latched kill(const schemas::Record& record);
  // Undoes one kill that turned out not to be signed by control.
  void unlatch(const schemas::Record& record);
  // The log has the kill at this place: it holds, whatever an earlier resume has lifted.
  Latched commit(const schemas::Record& kill);
  // Applies a committed resume; resumes must come in the order of the log. `issued_at_ms` is the
  // time in its record, for forget_lifted. False, and nothing is lifted: it is a resume by place,
  // and the kills that this gate holds there are not those that the resume means.
  [[nodiscard]] bool resume(const schemas::Resume& resume, std::uint64_t issued_at_ms);
  // The log begins with this state: kills of the log that the state lacks are over. Kills that hold
  // only by sight continue to hold.
  void begin(const schemas::LogState& state);
  // `now_ms`: the time of the newest record.
  void forget_lifted(std::uint64_t now_ms) { lifted_.forget_old(now_ms); }

  // The kill, if it holds.
  [[nodiscard]] const HeldKill* find(const schemas::Record& kill) const;
  [[nodiscard]] std::size_t kills() const noexcept { return kills_.size(); }
  [[nodiscard]] std::size_t committed() const;  // of them: those that stand in the log
  [[nodiscard]] std::size_t nodes() const noexcept { return tree_.size(); }
  // Intents from or to the scope that passed.
  [[nodiscard]] std::uint64_t forwarded(const schemas::Scope& scope) const;
  // The newest resume that covers it; what an agent's intents must carry.
  [[nodiscard]] std::uint64_t incarnation(const schemas::Scope& scope) const;

 private:
  Node* sender_node(const schemas::IntentSubject& parts);
  Node& receiver_node(const schemas::IntentSubject& parts, std::string_view to_instance);
  void release(const HeldKill& kill);

  GateOptions options_;
  ScopeTree tree_;
  std::size_t receivers_ = 0;  // nodes made for receivers
  schemas::HoldIndex<HeldKill> kills_;
  LiftedOps lifted_;
};

}  // namespace estop::bridge
