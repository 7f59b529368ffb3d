// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/contact/log_copy.h"

#include <fmt/format.h>

#include <utility>

#include "schemas/snapshot.h"

namespace estop::bridge {

namespace {

// What the gate holds in another way than the log says; empty: nothing.
std::string difference(const schemas::LogState& state, const Gate& gate) {
  for (const auto& [scope, kills] : state.kills()) {
    for (const auto& [place, kill] : kills) {
      const HeldKill* held = gate.find(kill.record);
      if (held != nullptr && held->epoch != 0) continue;
      return fmt::format("the kill of {} at {}:{} (op {}) does not hold here", scope, place.first,
                         place.second, kill.record.op_id);
    }
  }
  if (gate.committed() != state.size()) {
    return fmt::format("{} kills of the log hold here, and {} should", gate.committed(),
                       state.size());
  }
  for (const auto& [scope, incarnation] : state.lives()) {
    if (gate.incarnation(*schemas::Scope::parse(scope)) >= incarnation) continue;
    return fmt::format("the incarnation of {} is older here than {}", scope, incarnation);
  }
  return {};
}

}  // namespace

std::string LogCopy::apply(const schemas::SignedRecord& record, const Gate& gate) {
  if (const auto* snapshot = std::get_if<schemas::Snapshot>(&record.record.body)) {
    return check(*snapshot);
  }
  if (!schemas::begins_snapshot(record.record)) {
    state_.apply(record);
    return {};
  }
  const auto parts = state_.parts();
  own_ = {schemas::place_before(record.record), parts.size(), schemas::digest_of_parts(parts)};
  return difference(state_, gate);
}

std::string LogCopy::check(const schemas::Snapshot& snapshot) {
  const auto own = std::exchange(own_, std::nullopt);
  const bool is_same = own && own->place == snapshot.place && own->parts == snapshot.parts &&
                       own->digest == snapshot.digest;
  if (is_same) return {};
  return fmt::format("control's snapshot of the log at {}:{} is not what this bridge read",
                     snapshot.place.epoch, snapshot.place.seq);
}

void LogCopy::begin(schemas::LogState state) {
  state_ = std::move(state);
  own_.reset();
}

}  // namespace estop::bridge
