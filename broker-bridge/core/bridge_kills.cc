// SPDX-License-Identifier: Apache-2.0

// Kills on first sight, of control and of operators, and the receipts that say so.
#include <fmt/format.h>

#include <utility>

#include "broker-bridge/core/bridge_core.h"
#include "broker-bridge/core/kills/kill_key.h"
#include "schemas/codec.h"
#include "schemas/order.h"

namespace estop::bridge {

using schemas::BridgeState;
using schemas::Record;
using schemas::SignedRecord;

// Rules 1 and 3: whatever the state, committed or not.
Latched BridgeCore::act_on_sight(const SignedRecord& kill, Turn& turn) {
  const Latched latched = own_gate().kill(kill.record);
  if (latched == Latched::kLifted) return latched;
  if (latched == Latched::kNew) sightings_.add(kill, turn.now);
  receipt(kill.record, turn);
  return latched;
}

// An operator's own order: acts as an uncommitted kill, whether control runs or not.
void BridgeCore::on_emergency(std::string_view actor, std::string_view frame, Nanos now,
                              Effects& out) {
  Turn turn(now, counters_, out);
  auto order = schemas::open_order(frame);
  if (!order) return turn.reject_frame("an emergency kill", order.error());
  const Record& kill = order->kill.record;
  if (kill.actor.name != actor) {
    ++turn.counters.bad_frames;
    return turn.alarm(fmt::format("{} sent an emergency kill in the name of {}: ignored", actor,
                                  kill.actor.name));
  }
  const bool is_fleet = kill.scope().kind() == schemas::Scope::Kind::kFleet;
  if (is_fleet && !options_.obeys_fleet_orders) return;
  SignedRecord seen = order->kill;
  seen.frame = order->frame;  // beats show the order whole: control adopts it
  const Latched latched = act_on_sight(seen, turn);
  unverified_.add(std::move(*order), latched);
}

// A kill stays if one of those who gave it may: of the others nothing is left.
void BridgeCore::settle(Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  const Unverified::Checked checked = unverified_.check();
  for (const Record& order : checked.orders) {
    const HeldKill* held = own_gate().find(order);
    if (held == nullptr) continue;
    turn.out.emplace_back(TellLatched{*schemas::Segment::parse(order.actor.name), order.op_id,
                                      held->forwarded_before});
  }
  for (const Unverified::Forged& forged : checked.forged) {
    take_back(forged, turn);
    const auto instead = checked.good.find(key_of(forged.kill));
    if (instead == checked.good.end()) continue;
    (void)own_gate().kill(instead->second.record);
    sightings_.add(instead->second, turn.now);
  }
}

void BridgeCore::take_back(const Unverified::Forged& forged, Turn& turn) {
  const Record& kill = forged.kill;
  own_gate().unlatch(kill);
  sightings_.forget(kill);
  receipts_.forget(kill);
  ++turn.counters.bad_frames;
  turn.alarm(fmt::format("a kill of {} (op {}) is not signed by {}: taken back",
                         kill.scope().text(), kill.op_id, forged.author));
  beat(turn);
}

void BridgeCore::receipt(const Record& record, Turn& turn) {
  if (!receipts_.confirm(record, turn)) owes_too_much(turn);
}

void BridgeCore::on_receipt_unsent(const SendReceipt& unsent, Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  if (!receipts_.owe_again(unsent)) owes_too_much(turn);
}

// Closed, it owes none: control counts its lease down.
void BridgeCore::owes_too_much(Turn& turn) {
  if (state_ == BridgeState::kOpen) shut("owes more receipts than it can keep", turn);
}

}  // namespace estop::bridge
