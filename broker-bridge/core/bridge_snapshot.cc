// SPDX-License-Identifier: Apache-2.0

// Snapshots of the log: control's are checked, and one is where a bridge begins that has not read
// what stands before it.
#include <utility>

#include "broker-bridge/core/bridge_core.h"

namespace estop::bridge {

using schemas::SignedRecord;

// The next record of the log, in its place.
void BridgeCore::take(const SignedRecord& record, Nanos now, Effects& out) {
  if (beginning_) return begin(record, now, out);
  const std::string problem = copy_.apply(record, gate());
  if (!problem.empty()) return stop_for_good(problem, now, out);
  if (record.record.is<schemas::Snapshot>()) {
    own_gate().forget_lifted(record.record.issued_at_ms);
  }
  apply(record.record, now, out);
}

// Part of the snapshot that this bridge begins with, or what stands between its parts: nothing of
// it means anything before it is whole.
void BridgeCore::begin(const SignedRecord& record, Nanos now, Effects& out) {
  if (const auto taken = beginning_->take(record); !taken) {
    return stop_for_good(taken.error().detail, now, out);
  }
  if (!beginning_->is_whole()) return;
  const schemas::SnapshotStart whole = std::move(*std::exchange(beginning_, std::nullopt));
  copy_.begin(whole.state());
  for (const auto& [scope, kills] : whole.state().kills()) {
    for (const auto& [place, kill] : kills) apply(kill.record, now, out);
  }
  own_gate().begin(whole.state());
  for (const SignedRecord& since : whole.between()) take(since, now, out);
}

}  // namespace estop::bridge
