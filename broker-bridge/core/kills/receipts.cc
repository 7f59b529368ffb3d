// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/kills/receipts.h"

#include <algorithm>
#include <utility>

#include "broker-bridge/core/kills/kill_key.h"

namespace estop::bridge {

using schemas::Record;

namespace {

constexpr std::size_t kOwedMax = 4'096;

}  // namespace

void Receipts::connected() {
  is_connected_ = true;
  ++connection_;
}

void Receipts::disconnected(Nanos write_until) {
  is_connected_ = false;
  // What it forwarded may lie in the broker's socket. A receipt over the next connection says
  // nothing about that.
  if (std::exchange(has_forwarded_, false)) quiet_until_ = write_until + options_.arrival;
}

bool Receipts::confirm(const Record& order, Turn& turn) {
  if (order.is<schemas::Kill>() && !may_confirm(turn.now)) return owe(order);
  if (is_connected_) send(order, turn);
  return true;
}

void Receipts::send(const Record& order, Turn& turn) const {
  schemas::BridgeReceipt receipt;
  receipt.bridge = options_.id.text();
  receipt.process = options_.process;
  receipt.connection = connection_;
  receipt.op_id = order.op_id;
  receipt.epoch = order.epoch;
  receipt.seq = order.seq;
  receipt.kind = order.kind();
  receipt.forwarded_before = gate_.forwarded(order.scope());
  if (const HeldKill* kill = gate_.find(order); kill != nullptr) {
    receipt.forwarded_before = kill->forwarded_before;
    receipt.refused_since = kill->refused;
  }
  turn.out.emplace_back(SendReceipt{std::move(receipt), turn.now, order.scope()});
}

bool Receipts::may_confirm(Nanos now) const noexcept {
  return is_connected_ && now >= quiet_until_;
}

bool Receipts::owe(const Record& kill) {
  const auto same = [key = key_of(kill)](const Record& owed) { return key_of(owed) == key; };
  if (std::any_of(owed_.begin(), owed_.end(), same)) return true;
  const bool has_room = owed_.size() < kOwedMax;
  if (!has_room) owed_.erase(owed_.begin());
  owed_.push_back(kill);
  return has_room;
}

// Without it control waits for the fence as long as this bridge is heard.
bool Receipts::owe_again(const SendReceipt& unsent) {
  if (unsent.receipt.kind != schemas::RecordKind::kKill) return true;
  Record kill;
  kill.op_id = unsent.receipt.op_id;
  kill.epoch = unsent.receipt.epoch;
  kill.seq = unsent.receipt.seq;
  kill.body = schemas::Kill{.scope = unsent.scope};
  return owe(kill);
}

void Receipts::pay(Turn& turn) {
  if (!may_confirm(turn.now)) return;
  for (const Record& kill : std::exchange(owed_, {})) {
    if (gate_.find(kill) != nullptr) send(kill, turn);
  }
}

void Receipts::forget(const Record& kill) {
  std::erase(owed_, kill);
}

}  // namespace estop::bridge
