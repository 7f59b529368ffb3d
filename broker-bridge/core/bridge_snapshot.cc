// SPDX-License-Identifier: Apache-2.0

// Snapshots of the log: control's are checked, and one is where a bridge begins that has not read
// what stands before it.
#include <utility>

#include "broker-bridge/core/bridge_core.h"

namespace estop::bridge {

using schemas::SignedRecord;

// The next record of the log, in its place.
void BridgeCore::take(const SignedRecord& record, Turn& turn) {
  if (beginning_) return begin(record, turn);
  const std::string problem = copy_.apply(record, gate());
  if (!problem.empty()) return contact_.stop_for_good(problem, turn);
  if (record.record.is<schemas::Snapshot>()) {
    admission_.gate().forget_lifted(record.record.issued_at_ms);
  }
  apply(record.record, turn);
}

// Part of the snapshot that this bridge begins with, or what stands between its parts: nothing of
// it means anything before it is whole.
void BridgeCore::begin(const SignedRecord& record, Turn& turn) {
  if (const auto taken = beginning_->take(record); !taken) {
    return contact_.stop_for_good(taken.error().detail, turn);
  }
  if (!beginning_->is_whole()) return;
  const schemas::SnapshotStart whole = std::move(*std::exchange(beginning_, std::nullopt));
  copy_.begin(whole.state());
  for (const auto& [scope, kills] : whole.state().kills()) {
    for (const auto& [place, kill] : kills) apply(kill.record, turn);
  }
  admission_.gate().begin(whole.state());
  for (const SignedRecord& since : whole.between()) take(since, turn);
}

}  // namespace estop::bridge
