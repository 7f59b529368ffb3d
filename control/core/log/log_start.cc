// SPDX-License-Identifier: Apache-2.0
#include "control/core/log/log_start.h"

#include <utility>

#include "schemas/snapshot.h"

namespace estop::control {

JoinedBridges LogStart::joined() const {
  JoinedBridges bridges;
  if (state) {
    for (const auto& [name, bridge] : state->joined()) {
      bridges[{name.first, name.second}] = key_of(bridge);
    }
  }
  for (const schemas::SignedRecord& one : records) enter_bridge(one.record, bridges);
  return bridges;
}

schemas::Result<LogStart> log_start(std::vector<schemas::SignedRecord> records) {
  LogStart start;
  start.records = std::move(records);
  if (start.records.empty() || !schemas::begins_snapshot(start.records.front().record)) {
    return start;
  }
  schemas::SnapshotStart snapshot(start.records.front());
  for (std::size_t i = 1; i < start.records.size() && !snapshot.is_whole(); ++i) {
    if (const auto taken = snapshot.take(start.records[i]); !taken) return passed_on(taken);
  }
  if (!snapshot.is_whole()) {
    return schemas::fail(schemas::Errc::kChainBroken, "the log ends within its snapshot");
  }
  start.state = snapshot.state();
  start.place = schemas::place_before(start.records.front().record);
  return start;
}

}  // namespace estop::control
