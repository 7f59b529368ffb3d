// SPDX-License-Identifier: Apache-2.0

// How far an order has come, and who is told.
#include <utility>

#include "control/core/orders/order_flow.h"

namespace estop::control {

using schemas::RecordKind;

namespace {

DurableAt durable_at(const OpState& op, const AuditCut& begins) {
  const bool is_gone = op.audit_number != 0 ? op.audit_number <= begins.through : op.is_line_gone;
  if (!is_gone || begins.through == 0) return {op.audit_number, {}};
  return {op.audit_number,
          op.audit_number != 0 ? export_of(begins, op.audit_number) : exports_of(begins)};
}

}  // namespace

void OrderFlow::tell_progress(Order& order, const OpState& known, Turn& turn) {
  if (known.committed) {
    orders_.reach(order, Stage::kCommitted, CommittedAt{known.seq}, turn.out);
  }
  if (!known.durable) return;
  // A control that started since does not know the number of its line: the recorder does.
  const bool is_known = known.audit_number != 0 || known.is_line_gone;
  if (!is_known) return turn.out.push_back(FindOrder{0, order.op_id});
  orders_.reach(order, Stage::kDurable, durable_at(known, audit_begins_), turn.out);
}

void OrderFlow::tell_line(const OrderFound& told, Turn& turn) {
  const bool is_found = told.found && told.found->has_value();
  if (is_found) ledger_.note_line(told.op_id, (*told.found)->audit_number);
  Order* order = orders_.find(told.op_id);
  const OpState* known = ledger_.find(told.op_id);
  if (order == nullptr || known == nullptr || !known->durable || order->has(Stage::kDurable))
    return;
  orders_.reach(*order, Stage::kDurable, durable_at(*known, audit_begins_), turn.out);
}

// --- Progress ---

void OrderFlow::watch(Order& order, const CommandReceived& asked, const OrderRequest& request,
                      std::vector<std::string> notes, Turn& turn) {
  orders_.watch(order, asked.asker, request, std::move(notes),
                turn.now.boot_us + request.timeout_ms * 1'000ULL, turn.out);
}

void OrderFlow::on(const RecordCommitted& committed, Turn& turn) {
  const schemas::Record& record = committed.record.record;
  if (Order* order = orders_.find(record.op_id)) {
    orders_.reach(*order, Stage::kCommitted, CommittedAt{record.seq}, turn.out);
  }
}

void OrderFlow::on(const RecordDurable& durable, Turn& turn) {
  const std::string& op_id = durable.record.record.op_id;
  Order* order = orders_.find(op_id);
  const OpState* known = ledger_.find(op_id);
  if (order == nullptr || known == nullptr) return;
  orders_.reach(*order, Stage::kDurable, durable_at(*known, audit_begins_), turn.out);
}

// What opens something is told to the bridges at once: with a lease.
void OrderFlow::on(const RecordApplied& applied, Turn& turn) {
  const schemas::Record& record = applied.record.record;
  if (!record.is<schemas::Resume>()) return;
  Order* order = orders_.find(record.op_id);
  if (order == nullptr) order = &begin(applied.record, {}, turn);
  if (ledger_.latches().exactly(record.scope()).empty()) {
    turn.out.push_back(LiftBar{record.scope()});
  }
  bridges_.publish_lease(turn);
  on(bridges_.wait_for(order->op_id, order->seq, false, turn.now), turn);
}

// A fence, or a resume on its way through the bridges.
void OrderFlow::on(const BridgesMoved& moved, Turn& turn) {
  Order* order = orders_.find(moved.op_id);
  if (order == nullptr) return;
  const Gathered& so_far = moved.so_far;
  const Stage stage = so_far.is_kill ? Stage::kFenced : Stage::kOpened;
  if (!so_far.took_us || order->has(stage)) {
    return orders_.tell(*order, stage, so_far, turn.out);
  }
  if (so_far.is_kill) turn.out.push_back(OrderTimed{stage, *so_far.took_us});
  // No frame: asked for again, the runtimes have heard it.
  if (!so_far.is_kill && !order->frame.empty()) tell_runtimes(*order, turn);
  orders_.reach(*order, stage, so_far, turn.out);
  // Nobody waits for what comes now: the answer leaves first, and a kill whose record waits for its
  // fence is written.
  turn.out.push_back(Flush{});
  if (ops_.is_unwritten(order->op_id)) turn.out.push_back(WriteSoon{order->op_id});
  turn.note(audit_line(turn.now, std::string(name(stage)), "control", order->scope.text(),
                       order->op_id, so_far));
}

void OrderFlow::on(const StopsMoved& moved, Turn& turn) {
  Order* order = orders_.find(moved.op_id);
  if (order == nullptr || order->has(Stage::kStopped)) return;
  const StoppedSoFar& so_far = moved.so_far;
  if (so_far.confirmed < so_far.of) return orders_.tell(*order, Stage::kStopped, so_far, turn.out);
  orders_.reach(*order, Stage::kStopped, so_far, turn.out);
  if (so_far.of == 0) return;
  turn.out.push_back(OrderTimed{Stage::kStopped, turn.now.boot_us - order->started_us});
  turn.note(audit_line(turn.now, "stopped", "control", order->scope.text(), order->op_id, so_far));
}

void OrderFlow::on(const CredentialsMoved& moved, Turn& turn) {
  Order* order = orders_.find(moved.op_id);
  if (order == nullptr) return;
  const RevokedSoFar so_far{moved.credentials};
  if (!moved.credentials) return orders_.tell(*order, Stage::kRevoked, so_far, turn.out);
  orders_.reach(*order, Stage::kRevoked, so_far, turn.out);
}

void OrderFlow::tell_runtimes(const Order& order, Turn& turn) const {
  const schemas::Address address = order.scope.address();
  turn.out.push_back(
      PublishToAgents{address.empty() ? std::nullopt : std::optional(address), order.frame});
}

// The broker delivers at most once. Bridges hear an unconfirmed kill again and again, runtimes ever
// more rarely: one that does not obey would cost all the others, and a beat's answer names the kill
// too.
void OrderFlow::repeat_unconfirmed(Turn& turn) {
  if (turn.now.boot_us < next_announce_us_) return;
  next_announce_us_ = turn.now.boot_us + kRetry_us;
  for (auto& [op_id, order] : orders_.all()) {
    if (order.kind != RecordKind::kKill || turn.now.boot_us < order.started_us + kRetry_us)
      continue;
    if (order.frame.empty()) continue;  // not written yet, or not to be told again
    if (ledger_.latches().find(op_id) == nullptr) continue;  // lifted since
    const Gathering* fence = bridges_.roster().find(op_id);
    if (fence != nullptr && fence->done_us == 0) Ledger::announce(order.frame, turn.out);
    const StopCount* stops = agents_.registry().stops(op_id);
    if (stops == nullptr || stops->missing.empty()) continue;
    if (turn.now.boot_us < order.started_us + order.repeat_us) continue;
    order.repeat_us *= 2;
    tell_runtimes(order, turn);
  }
}

void OrderFlow::end_old(Turn& turn) {
  for (Order* order : orders_.expire(turn.now.boot_us, turn.out)) {
    const auto told = order->newest.find(Stage::kStopped);
    const auto* stopped =
        told == order->newest.end() ? nullptr : std::get_if<StoppedSoFar>(&told->second);
    turn.note(audit_line(turn.now, "unconfirmed", order->actor, order->scope.text(), order->op_id,
                         stopped == nullptr ? AuditDetail() : AuditDetail(*stopped)));
  }
  for (const std::string& op_id : orders_.forget_old(turn.now.boot_us)) {
    turn.tell(OrderForgotten{op_id});
  }
}

void OrderFlow::set_audit_begins(const AuditCut& cut) {
  audit_begins_ = cut;
  for (auto& [op_id, order] : orders_.all()) {  // what is told to those who ask again
    const OpState* known = ledger_.find(op_id);
    if (known == nullptr || !order.has(Stage::kDurable)) continue;
    order.newest[Stage::kDurable] = durable_at(*known, audit_begins_);
  }
}

}  // namespace estop::control
