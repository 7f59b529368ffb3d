// SPDX-License-Identifier: Apache-2.0

// Kills on first sight, of control and of operators, and the receipts that say so.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "broker-bridge/core/bridge_core.h"
#include "schemas/codec.h"
#include "schemas/order.h"

namespace estop::bridge {

using schemas::BridgeState;
using schemas::Record;
using schemas::RecordKind;
using schemas::SignedRecord;

namespace {

constexpr std::size_t kRecentMax = 256;
constexpr std::size_t kOwedMax = 4'096;   // receipts that wait; beyond, the bridge closes
constexpr std::size_t kContestedMax = 8;  // orders of one op id and scope, before they are checked

}  // namespace

std::string BridgeCore::key_of(const std::string& op_id, const schemas::Scope& scope) {
  return op_id + ' ' + scope.text();
}
std::string BridgeCore::key_of(const Record& kill) {
  return key_of(kill.op_id, kill.scope());
}

// Rules 1 and 3: whatever the state, committed or not.
Latched BridgeCore::act_on_sight(const SignedRecord& kill, Turn& turn) {
  const Latched latched = own_gate().kill(kill.record);
  if (latched == Latched::kLifted) return latched;
  if (latched == Latched::kNew) {
    held_.insert_or_assign(key_of(kill.record), kill);
    if (recent_.size() >= kRecentMax) recent_.erase(recent_.begin());
    recent_.push_back({kill.record, turn.now});
  }
  receipt(kill.record, turn);
  return latched;
}

// Latched on the word of an order that is not checked yet: another one of that op id and scope may
// be the good one.
bool BridgeCore::is_contested(const Record& kill) const {
  const auto same = [key = key_of(kill)](const Record& other) { return key_of(other) == key; };
  const auto records = std::count_if(unverified_.begin(), unverified_.end(),
                                     [&](const auto& one) { return same(one.record); });
  const auto orders = std::count_if(unverified_orders_.begin(), unverified_orders_.end(),
                                    [&](const auto& one) { return same(one.kill.record); });
  const auto all = static_cast<std::size_t>(records + orders);
  return all > 0 && all < kContestedMax;
}

// An operator's own order: acts as an uncommitted kill, whether control runs or not.
void BridgeCore::on_emergency(std::string_view actor, std::string_view frame, Nanos now,
                              Effects& out) {
  Turn turn(now, counters_, out);
  auto order = schemas::open_order(frame);
  if (!order) return turn.reject_frame("an emergency kill", order.error());
  if (order->kill.record.actor.name != actor) {
    ++turn.counters.bad_frames;
    return turn.alarm(fmt::format("{} sent an emergency kill in the name of {}: ignored", actor,
                                  order->kill.record.actor.name));
  }
  const bool is_fleet = order->kill.record.scope().kind() == schemas::Scope::Kind::kFleet;
  if (is_fleet && !options_.obeys_fleet_orders) return;
  const Latched latched = act_on_sight(order->kill, turn);
  // Beats show the order whole: control adopts it.
  if (latched == Latched::kNew) held_.at(key_of(order->kill.record)).frame = order->frame;
  const bool is_rival = latched == Latched::kAgain && is_contested(order->kill.record);
  if (latched == Latched::kNew || is_rival) unverified_orders_.push_back(std::move(*order));
}

// A kill stays if one of those who gave it may: of the others nothing is left.
void BridgeCore::settle(Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  std::map<std::string, SignedRecord> good;
  std::vector<std::pair<SignedRecord, std::string>> bad;  // and whose it should be
  for (SignedRecord& kill : std::exchange(unverified_, {})) {
    if (schemas::verify_record(kill, options_.control_key)) {
      good.insert_or_assign(key_of(kill.record), std::move(kill));
    } else {
      bad.emplace_back(std::move(kill), "control");
    }
  }
  for (schemas::SignedOrder& order : std::exchange(unverified_orders_, {})) {
    const Record record = order.kill.record;
    if (!schemas::verify_order(order, options_.operators_key, options_.subjects)) {
      bad.emplace_back(std::move(order.kill), "operator " + record.actor.name);
      continue;
    }
    order.kill.frame = std::move(order.frame);
    good.emplace(key_of(record), std::move(order.kill));
    if (const HeldKill* held = own_gate().find(record); held != nullptr) {
      turn.out.emplace_back(TellLatched{*schemas::Segment::parse(record.actor.name), record.op_id,
                                        held->forwarded_before});
    }
  }
  for (const auto& [kill, whose] : bad) {
    take_back(kill.record, whose, turn);
    const auto instead = good.find(key_of(kill.record));
    if (instead == good.end()) continue;
    (void)own_gate().kill(instead->second.record);
    held_.insert_or_assign(instead->first, instead->second);
    recent_.push_back({instead->second.record, now});
  }
}

// A kill that its author did not sign.
void BridgeCore::take_back(const Record& kill, const std::string& whose, Turn& turn) {
  own_gate().unlatch(kill);
  held_.erase(key_of(kill));
  std::erase_if(recent_, [&](const Sighting& seen) { return seen.kill == kill; });
  std::erase_if(owed_, [&](const Record& owed) { return owed == kill; });
  ++turn.counters.bad_frames;
  turn.alarm(fmt::format("a kill of {} (op {}) is not signed by {}: taken back",
                         kill.scope().text(), kill.op_id, whose));
  beat(turn);
}

void BridgeCore::receipt(const Record& record, Turn& turn) {
  if (record.is<schemas::Kill>() && !may_confirm(turn.now)) return owe(record, turn);
  if (!connected_[index(Account::kAgents)]) return;  // control reads a resume in the beats
  schemas::BridgeReceipt receipt;
  receipt.bridge = options_.id.text();
  receipt.process = options_.process;
  receipt.connection = connection_;
  receipt.op_id = record.op_id;
  receipt.epoch = record.epoch;
  receipt.seq = record.seq;
  receipt.kind = record.kind();
  receipt.forwarded_before = own_gate().forwarded(record.scope());
  if (const HeldKill* kill = own_gate().find(record); kill != nullptr) {
    receipt.forwarded_before = kill->forwarded_before;
    receipt.refused_since = kill->refused;
  }
  turn.out.emplace_back(SendReceipt{std::move(receipt), turn.now, record.scope()});
}

// A receipt is a barrier for what this connection forwarded, and says nothing about an earlier one,
// which the broker may still be reading. That one's lease has to be over first.
bool BridgeCore::may_confirm(Nanos now) const noexcept {
  return connected_[index(Account::kAgents)] && now >= quiet_until_;
}

void BridgeCore::owe(const Record& kill, Turn& turn) {
  const auto same = [&](const Record& owed) {
    return owed.op_id == kill.op_id && owed.scope() == kill.scope();
  };
  if (std::any_of(owed_.begin(), owed_.end(), same)) return;
  if (owed_.size() >= kOwedMax) {
    // Closed, it owes none: control counts its lease down.
    if (state_ == BridgeState::kOpen) shut("owes more receipts than it can keep", turn);
    owed_.erase(owed_.begin());
  }
  owed_.push_back(kill);
}

// Without it control waits for the fence as long as this bridge is heard.
void BridgeCore::on_receipt_unsent(const SendReceipt& unsent, Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  if (unsent.receipt.kind != RecordKind::kKill) return;  // control reads a resume in the beats
  Record kill;
  kill.op_id = unsent.receipt.op_id;
  kill.epoch = unsent.receipt.epoch;
  kill.seq = unsent.receipt.seq;
  kill.body = schemas::Kill{.scope = unsent.scope};
  owe(kill, turn);
}

void BridgeCore::pay_receipts(Turn& turn) {
  if (!may_confirm(turn.now)) return;
  for (const Record& kill : std::exchange(owed_, {})) {
    if (own_gate().find(kill) != nullptr) receipt(kill, turn);
  }
}

}  // namespace estop::bridge
