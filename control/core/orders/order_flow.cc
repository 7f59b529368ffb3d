// SPDX-License-Identifier: Apache-2.0
#include "control/core/orders/order_flow.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "control/core/log/feed.h"
#include "control/core/sentences.h"

namespace estop::control {

using schemas::RecordKind;

namespace {

constexpr std::size_t kKillsNamed = 3;  // of many in one warning

}  // namespace

// --- New orders ---

Order& OrderFlow::kill(schemas::Record draft, std::vector<std::string> warnings, Turn& turn) {
  const AuditLine entry = audit_line(turn.now, "kill", draft.actor.name, draft.scope().text(),
                                     draft.op_id, OrderGiven{draft});
  const auto record = ledger_.append(std::move(draft), entry, turn.now, turn.out);
  ++turn.counters.kills;
  Order& order = begin_kill(record, std::move(warnings), turn);
  publish_unless_stored(entry, ledger_, turn);
  return order;
}

Order& OrderFlow::resume(schemas::Record draft, Turn& turn) {
  std::vector<std::string> warnings = resume_warnings(draft.resume());
  AuditLine entry = audit_line(turn.now, "resume", draft.actor.name, draft.scope().text(),
                               draft.op_id, OrderGiven{draft});
  publish_unless_stored(entry, ledger_, turn);
  const auto record = ledger_.append(std::move(draft), std::move(entry), turn.now, turn.out);
  ++turn.counters.resumes;
  return begin(record, std::move(warnings), turn);
}

// The record is published: everybody else is told, and the counting begins.
Order& OrderFlow::begin_kill(const schemas::SignedRecord& record, std::vector<std::string> warnings,
                             Turn& turn) {
  publish_kill(record, turn);
  return count_kill(record, std::move(warnings), turn);
}

void OrderFlow::publish_kill(const schemas::SignedRecord& record, Turn& turn) {
  const schemas::Address address = record.record.scope().address();
  turn.out.push_back(
      PublishToAgents{address.empty() ? std::nullopt : std::optional(address), record.frame});
  turn.out.push_back(Flush{});
}

Order& OrderFlow::count_kill(const schemas::SignedRecord& record, std::vector<std::string> warnings,
                             Turn& turn) {
  Order& order = begin(record, std::move(warnings), turn);
  // Before anybody watches it, so that his first answers say all that is known.
  const BridgesMoved fence = bridges_.wait_for(order.op_id, order.seq, true, turn.now);
  const StopsMoved stops = agents_.expect_stops(order.op_id, order.scope, turn.now);
  if (fence.so_far.took_us) on(fence, turn);  // one that waits for somebody has nothing to tell yet
  on(stops, turn);
  return order;
}

Order& OrderFlow::begin(const schemas::SignedRecord& record, std::vector<std::string> warnings,
                        const Turn& turn) {
  const schemas::Record& order = record.record;
  return orders_.add({.op_id = order.op_id,
                      .kind = order.kind(),
                      .scope = order.scope(),
                      .actor = order.actor.name,
                      .frame = record.frame,
                      .started_us = turn.now.boot_us,
                      .seq = order.seq,
                      .warnings = std::move(warnings)});
}

// --- Warnings ---

std::vector<std::string> OrderFlow::kill_warnings(const schemas::Scope& scope) const {
  std::vector<std::string> warnings;
  const auto held = ledger_.latches().exactly(scope);
  for (std::size_t i = 0; i < held.size() && i < kKillsNamed; ++i) {
    warnings.push_back("already " + kill_sentence(held[i]->latch));
  }
  if (held.size() > kKillsNamed) {
    warnings.push_back(fmt::format("and by {} more kills of it", held.size() - kKillsNamed));
  }
  if (!agents_.registry().knows(scope)) {
    warnings.emplace_back("nobody of that name has announced itself; whoever does is killed");
  }
  if (ledger_.is_blind()) warnings.emplace_back("the control log cannot be read yet");
  for (const BridgeName& bridge : bridges_.roster().cannot_read(RecordKind::kKill)) {
    warnings.push_back("bridge " + bridge.id + " does not read it and closes for good");
  }
  return warnings;
}

// What holds besides what this resume lifts.
std::vector<std::string> OrderFlow::resume_warnings(const schemas::Resume& resume) const {
  const Latches::Kills lifted = ledger_.latches().lifted_by(resume);
  const std::set<const HeldKill*> goes(lifted.begin(), lifted.end());
  auto still = ledger_.latches().wider_than(resume.scope);
  for (const HeldKill* held : ledger_.latches().exactly(resume.scope)) {
    if (!goes.contains(held)) still.push_back(held);
  }
  std::vector<std::string> warnings;
  for (std::size_t i = 0; i < still.size() && i < kKillsNamed; ++i) {
    warnings.push_back("still " + kill_sentence(still[i]->latch));
  }
  if (still.size() > kKillsNamed) {
    warnings.push_back(fmt::format("and by {} more kills", still.size() - kKillsNamed));
  }
  return warnings;
}

// --- Asked again ---

Order& OrderFlow::kept_kill(const KillClaim& claim, const schemas::Scope& scope, Turn& turn) {
  if (Order* order = orders_.find(claim.op_id)) return *order;
  const std::vector<std::string> notes = {"this order was given before"};
  schemas::SignedRecord first;
  first.record = draft_of(schemas::Kill{.scope = scope}, claim.op_id, {});
  const OpState* known = ledger_.find(claim.op_id);
  if (claim.is != OpIs::kInForce || known == nullptr) return begin(first, notes, turn);
  const HeldKill* held = ledger_.latches().find(claim.op_id);
  first.record.seq = known->seq;
  first.record.actor.name = held != nullptr ? held->latch.actor : std::string();
  first.frame = held != nullptr ? held->frame : ledger_.stored_frame(claim.op_id);
  if (first.frame.empty()) return begin(first, notes, turn);
  Ledger::announce(first.frame, turn.out);
  Order& order = begin_kill(first, notes, turn);
  tell_progress(order, *known, turn);
  return order;
}

Order& OrderFlow::kept_resume(const std::string& op_id, const OpState& known,
                              const std::string& actor, Turn& turn) {
  if (Order* order = orders_.find(op_id); order != nullptr) {
    if (known.applied) order->warnings.clear();
    return *order;
  }
  schemas::SignedRecord first;  // without a frame: the runtimes have heard it
  first.record = draft_of(schemas::Resume{.scope = known.scope}, op_id, actor);
  first.record.seq = known.seq;
  Order& order = begin(first, {"this order was given before"}, turn);
  if (known.applied) on(bridges_.wait_for(op_id, order.seq, false, turn.now), turn);
  tell_progress(order, known, turn);
  return order;
}

}  // namespace estop::control
