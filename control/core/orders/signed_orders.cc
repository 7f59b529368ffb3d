// SPDX-License-Identifier: Apache-2.0
#include "control/core/orders/signed_orders.h"

#include <utility>

#include "control/core/log/feed.h"
#include "control/core/orders/proofs.h"
#include "schemas/codec.h"

namespace estop::control {

using schemas::RecordKind;

SignedOrders::SignedOrders(const CoreOptions& options, Ledger& ledger, OpTable& ops, Orders& orders,
                           const Bridges& bridges, OrderFlow& flow, SecondOperator& second,
                           Lookups& lookups)
    : options_(options),
      ledger_(ledger),
      ops_(ops),
      orders_(orders),
      flow_(flow),
      second_(second),
      lookups_(lookups),
      late_(ledger, bridges, flow) {}

// The bridges heard it when control did. So the counting begins at once, and the record is written
// when the fence is known, or kWriteWait_us later: proof, signature, log and runtimes would only
// keep the bridges' answers waiting. Until then a crash of control loses nothing: the bridges hold
// the order, and show it to the next one.
void SignedOrders::on(const EmergencyReceived& emergency, Turn& turn) {
  const schemas::SignedOrder& order = emergency.order;
  const schemas::Record& kill = order.kill.record;
  if (kill.actor.name != emergency.actor) {
    turn.alarm("forged-order", emergency.actor, "sent an order in the name of " + kill.actor.name);
    return;
  }
  if (const auto may = schemas::check_reach(emergency.reach, kill.scope()); !may) {
    return turn.alarm("forged-order", emergency.actor, may.error().detail);
  }
  if (lookups_.park(emergency, turn)) return;
  const KillClaim claim = ops_.claim_kill(kill);
  const bool is_new = claim.is == OpIs::kNew;
  if (claim.is == OpIs::kUnwritten) return;
  if (claim.is == OpIs::kWaiting || (is_new && second_.is_needed(kill))) {
    return second_.propose(order, claim, turn);
  }
  if (!is_new) {
    turn.out.push_back(CheckOrder{order});
    return;
  }
  // Its op id names another order, which goes on unharmed whatever this one is.
  if (!claim.given_as.empty()) return adopt(order, claim, "operator " + kill.actor.name, turn);
  ops_.keep_unwritten(order);
  std::vector<std::string> warnings = flow_.kill_warnings(kill.scope());
  warnings.insert(warnings.begin(), order.notes.begin(), order.notes.end());
  flow_.count_kill(order.kill, std::move(warnings), turn).frame.clear();  // nothing to repeat yet
  turn.out.push_back(WriteSoon{kill.op_id, kWriteWait_us});
}

void SignedOrders::on(const WriteDue& due, Turn& turn) {
  const auto unwritten = ops_.take_unwritten(due.op_id);
  if (!unwritten) return;
  const schemas::SignedOrder& order = *unwritten;
  schemas::Record draft = order.kill.record;
  // The bridges take it back as well: nothing of it may get into the log.
  const auto good = schemas::verify_order(order, options_.operators_key, options_.subjects);
  if (!good) {
    ++turn.counters.bad_signatures;
    turn.alarm("forged-order", draft.actor.name,
               "order " + due.op_id + ": " + to_string(good.error()));
    turn.tell(OrderForgotten{due.op_id});
    return orders_.drop(due.op_id, good.error(), turn.out);
  }
  ++turn.counters.kills;
  AuditLine entry = audit_line(turn.now, "kill", draft.actor.name, draft.scope().text(),
                               draft.op_id, OrderGiven{draft});
  publish_unless_stored(entry, ledger_, turn);
  const auto record = ledger_.append(std::move(draft), std::move(entry), turn.now, turn.out);
  Order* watched = orders_.find(due.op_id);  // gone if this machine slept in between
  if (watched == nullptr) watched = &flow_.count_kill(record, {}, turn);
  watched->frame = record.frame;
  watched->seq = record.record.seq;
  OrderFlow::publish_kill(record, turn);
  keep_order(order, due.op_id, turn);
}

void SignedOrders::on(const OrderChecked& checked, Turn& turn) {
  const schemas::SignedOrder& order = checked.order;
  const schemas::Record& kill = order.kill.record;
  if (!checked.verdict) {
    ++turn.counters.bad_signatures;
    return turn.alarm("forged-order", kill.actor.name,
                      "order " + kill.op_id + ": " + to_string(checked.verdict.error()));
  }
  const KillClaim claim = ops_.claim_kill(kill);
  switch (claim.is) {
    case OpIs::kNew:
      return adopt(order, claim, "operator " + kill.actor.name, turn);
    case OpIs::kInForce:
      return keep_order(order, claim.op_id, turn);
    case OpIs::kLifted:  // bridges know it as well: it has no effect
      return turn.note(
          audit_line(turn.now, "refused", kill.actor.name, kill.scope().text(), claim.op_id,
                     OneText{"error", to_string(ops_.lifted_error(claim, kill.scope()))}));
    case OpIs::kWaiting:
    case OpIs::kUnwritten:
      return;
  }
}

void SignedOrders::adopt_held(const BridgeBeatReceived& received, Turn& turn) {
  std::size_t adopted = 0;
  for (const schemas::Bytes& held : received.beat.held) {
    if (adopted >= kHeldMax) return;
    if (adopt(received.bridge, held, turn)) {
      ++adopted;
    } else if (received.beat.applied == ledger_.head()) {
      end_late(received.bridge, held, turn);
    }
  }
}

void SignedOrders::end_late(const std::string& bridge, const schemas::Bytes& frame, Turn& turn) {
  const auto record = schemas::open_record(frame);
  const auto order = schemas::open_order(frame);
  if (!record && !order) return;
  const schemas::Record& kill = record ? record->record : order->kill.record;
  if (!kill.is<schemas::Kill>()) return;
  const KillClaim claim = ops_.claim_kill(kill);
  const bool is_old = record && claim.is == OpIs::kNew && stands_in_the_log(*record);
  if ((claim.is != OpIs::kLifted && !is_old) || !late_.may_end(kill, turn)) return;
  const bool is_good = record ? schemas::verify_record(*record, ledger_.key().public_key())
                              : is_proven(*order, "bridge " + bridge, options_, turn);
  if (is_good) late_.end(kill, ledger_.find(claim.op_id), turn);
}

// A record of the log that control has read, or that stands before the snapshot with which it began
// and which vouches for what of it holds. Its op id may be forgotten: its place is not.
bool SignedOrders::stands_in_the_log(const schemas::SignedRecord& held) const {
  const schemas::Head place{held.record.epoch, held.record.seq, held.hash};
  return place.seq != 0 && (ledger_.contains(place) || ledger_.is_before_start(place));
}

// A bridge holds a kill that is not in its log: control died before it could commit it, or lost it,
// or never heard of it.
bool SignedOrders::adopt(const std::string& bridge, const schemas::Bytes& frame, Turn& turn) {
  const std::string from = "bridge " + bridge;
  const auto missing = [&](const KillClaim& claim) {
    return claim.is == OpIs::kNew || claim.is == OpIs::kWaiting;  // for the second one: too late
  };
  const auto held = schemas::open_record(frame);
  if (!held) {
    const auto order = schemas::open_order(frame);
    if (!order || lookups_.asks_of_held(order->kill.record, turn)) return false;
    const KillClaim claim = ops_.claim_kill(order->kill.record);
    if (missing(claim)) adopt(*order, claim, from, turn);
    return missing(claim);
  }
  if (!held->record.is<schemas::Kill>()) return false;
  if (stands_in_the_log(*held)) return false;  // lifted since, or it would be in force
  if (lookups_.asks_of_held(held->record, turn)) return false;
  const KillClaim claim = ops_.claim_kill(held->record);
  if (!missing(claim)) return false;
  if (!schemas::verify_record(*held, ledger_.key().public_key())) {
    ++turn.counters.bad_signatures;
    turn.alarm("forged-kill", bridge, "the bridge holds a kill that control did not sign");
    return true;
  }
  adopt(held->record, claim, from, turn);
  return true;
}

void SignedOrders::adopt(const schemas::SignedOrder& order, const KillClaim& claim,
                         const std::string& from, Turn& turn) {
  if (!is_proven(order, from, options_, turn)) return;
  adopt(order.kill.record, claim, from, turn);
  keep_order(order, claim.op_id, turn);
}

void SignedOrders::adopt(schemas::Record draft, const KillClaim& claim, const std::string& from,
                         Turn& turn) {
  // A kill that holds somewhere is a kill: the second operator comes too late.
  if (second_.is_needed(draft)) {
    turn.alarm("one-operator", from, "obeyed a kill of the fleet that only one operator ordered");
  }
  std::vector<std::string> notes;
  if (!claim.given_as.empty()) {
    notes.push_back(OpTable::taken_note(claim));
    turn.alarm("op-id-reused", draft.actor.name, notes.back());
    draft.kill().given_as = claim.given_as;
  }
  draft.op_id = claim.op_id;
  ops_.proposals().erase(draft.op_id);
  Now then = turn.now;
  then.wall_ms = draft.issued_at_ms;
  ++turn.counters.kills;
  AuditLine entry = audit_line(then, "adopted", draft.actor.name, draft.scope().text(), draft.op_id,
                               KillAdopted{from, draft});
  flow_.begin_kill(ledger_.append(std::move(draft), std::move(entry), then, turn.out),
                   std::move(notes), turn);
}

}  // namespace estop::control
