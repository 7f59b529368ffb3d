// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/kills/unverified.h"

#include <algorithm>
#include <utility>

#include "broker-bridge/core/kills/kill_key.h"
#include "schemas/codec.h"

namespace estop::bridge {

using schemas::Record;
using schemas::SignedOrder;
using schemas::SignedRecord;

namespace {

constexpr std::size_t kContestedMax = 8;  // orders of one op id and scope

}  // namespace

void Unverified::add(const SignedRecord& kill, Latched latched) {
  if (wants(kill.record, latched)) records_.push_back(kill);
}

void Unverified::add(SignedOrder order, Latched latched) {
  if (wants(order.kill.record, latched)) orders_.push_back(std::move(order));
}

bool Unverified::wants(const Record& kill, Latched latched) const {
  return latched == Latched::kNew || (latched == Latched::kAgain && is_contested(kill));
}

// Latched on the word of an order that is not checked yet: another one of that op id and scope may
// be the good one.
bool Unverified::is_contested(const Record& kill) const {
  const auto same = [key = key_of(kill)](const Record& other) { return key_of(other) == key; };
  const auto records = std::count_if(records_.begin(), records_.end(),
                                     [&](const auto& one) { return same(one.record); });
  const auto orders = std::count_if(orders_.begin(), orders_.end(),
                                    [&](const auto& one) { return same(one.kill.record); });
  const auto all = static_cast<std::size_t>(records + orders);
  return all > 0 && all < kContestedMax;
}

Unverified::Checked Unverified::check() {
  Checked checked;
  for (SignedRecord& kill : std::exchange(records_, {})) {
    if (schemas::verify_record(kill, options_.control_key)) {
      checked.good.insert_or_assign(key_of(kill.record), std::move(kill));
    } else {
      checked.forged.push_back({std::move(kill.record), "control"});
    }
  }
  for (SignedOrder& order : std::exchange(orders_, {})) {
    Record record = order.kill.record;
    if (!schemas::verify_order(order, options_.operators_key, options_.subjects)) {
      std::string author = "operator " + record.actor.name;
      checked.forged.push_back({std::move(record), std::move(author)});
      continue;
    }
    order.kill.frame = std::move(order.frame);
    checked.good.emplace(key_of(record), std::move(order.kill));
    checked.orders.push_back(std::move(record));
  }
  return checked;
}

}  // namespace estop::bridge
