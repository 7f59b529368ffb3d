// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/kills/kills.h"

#include <fmt/format.h>

#include <utility>

#include "broker-bridge/core/kills/kill_key.h"
#include "schemas/order.h"

namespace estop::bridge {

using schemas::Record;
using schemas::SignedRecord;

// --- On sight ---

Latched Kills::act_on_sight(const SignedRecord& kill, Turn& turn) {
  const Latched latched = gate_.kill(kill.record);
  if (latched == Latched::kLifted) return latched;
  if (latched == Latched::kNew) sightings_.add(kill, turn.now);
  confirm(kill.record, turn);
  return latched;
}

void Kills::on_live(const SignedRecord& kill, Turn& turn) {
  unverified_.add(kill, act_on_sight(kill, turn));
}

void Kills::on_uncommitted(const SignedRecord& kill, Turn& turn) {
  if (gate_.find(kill.record) == nullptr) act_on_sight(kill, turn);
}

void Kills::on_order(const schemas::EmergencySubject& from, std::string_view frame, Turn& turn) {
  auto order = schemas::open_order(frame);
  if (!order) return turn.reject_frame("an emergency kill", order.error());
  const Record& kill = order->kill.record;
  if (kill.actor.name != from.actor) {
    ++turn.counters.bad_frames;
    return turn.alarm(fmt::format("{} sent an emergency kill in the name of {}: ignored",
                                  from.actor, kill.actor.name));
  }
  if (const auto may = schemas::check_reach(from.reach, kill.scope()); !may) {
    ++turn.counters.bad_frames;
    return turn.alarm(
        fmt::format("an emergency kill of {}: {}: ignored", from.actor, may.error().detail));
  }
  const bool is_fleet = kill.scope().kind() == schemas::Scope::Kind::kFleet;
  if (is_fleet && !options_.obeys_fleet_orders) return;
  SignedRecord seen = order->kill;
  seen.frame = order->frame;  // beats show the order whole: control adopts it
  const Latched latched = act_on_sight(seen, turn);
  unverified_.add(std::move(*order), latched);
}

void Kills::settle(Turn& turn) {
  const Unverified::Checked checked = unverified_.check();
  for (const Record& order : checked.orders) {
    const HeldKill* held = gate_.find(order);
    if (held == nullptr) continue;
    turn.out.emplace_back(TellLatched{*schemas::Segment::parse(order.actor.name), order.op_id,
                                      held->forwarded_before});
  }
  for (const Unverified::Forged& forged : checked.forged) {
    take_back(forged, turn);
    const auto instead = checked.good.find(key_of(forged.kill));
    if (instead == checked.good.end()) continue;
    (void)gate_.kill(instead->second.record);
    sightings_.add(instead->second, turn.now);
  }
}

void Kills::take_back(const Unverified::Forged& forged, Turn& turn) {
  const Record& kill = forged.kill;
  gate_.unlatch(kill);
  sightings_.forget(kill);
  receipts_.forget(kill);
  ++turn.counters.bad_frames;
  turn.alarm(fmt::format("a kill of {} (op {}) is not signed by {}: taken back",
                         kill.scope().text(), kill.op_id, forged.author));
  contact_.beat(turn);
}

// --- The log ---

void Kills::commit(const Record& record, Turn& turn) {
  if (record.is<schemas::Resume>()) return lift(record, turn);
  if (!record.is<schemas::Kill>()) return;
  sightings_.committed(record);
  // At the start the log is read without a flood of receipts: control waits for none of them.
  if (gate_.commit(record) == Latched::kNew && contact_.was_open()) confirm(record, turn);
}

void Kills::lift(const Record& resume, Turn& turn) {
  if (contact_.is_stopped()) return;  // behind what it does not understand nothing opens
  if (!gate_.resume(resume.resume(), resume.issued_at_ms)) {
    // Control and this bridge have read one log, and count other kills in it: one of them is wrong.
    const schemas::Through& through = resume.resume().through;
    return contact_.stop_for_good(
        fmt::format("the kills of {} through record {}:{} are not the {} that resume {} lifts",
                    resume.scope().text(), through.place.epoch, through.place.seq, through.count,
                    resume.op_id),
        turn);
  }
  sightings_.lifted(gate_);
  if (contact_.was_open()) confirm(resume, turn);
}

// --- Receipts ---

void Kills::confirm(const Record& order, Turn& turn) {
  if (!receipts_.confirm(order, turn)) owes_too_much(turn);
}

void Kills::agents_connected(Turn& turn) {
  receipts_.connected();
  for (const Record& kill : sightings_.recent(turn.now)) {
    if (!receipts_.owe(kill)) owes_too_much(turn);
  }
  receipts_.pay(turn);
}

void Kills::on_receipt_unsent(const SendReceipt& unsent, Turn& turn) {
  if (!receipts_.owe_again(unsent)) owes_too_much(turn);
}

// Closed, it owes none: control counts its lease down.
void Kills::owes_too_much(Turn& turn) {
  if (contact_.state() != schemas::BridgeState::kOpen) return;
  contact_.close("owes more receipts than it can keep", turn);
}

}  // namespace estop::bridge
