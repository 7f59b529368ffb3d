// SPDX-License-Identifier: Apache-2.0

// Where control begins: with a snapshot that the recorder kept and the records behind its place, or
// with the first record of the log. Pure.
#pragma once

#include <optional>
#include <vector>

#include "control/core/log/log_entry.h"
#include "schemas/log_state.h"

namespace estop::control {

struct LogStart {
  std::optional<schemas::LogState> state{};  // behind `place`; none: the log begins with `records`
  schemas::Head place{};
  std::vector<schemas::SignedRecord> records{};  // behind it, in order

  [[nodiscard]] JoinedBridges joined() const;
};

// `records` as the recorder kept them (StoredLog). kChainBroken and the like: they begin with a
// snapshot that cannot be used.
[[nodiscard]] schemas::Result<LogStart> log_start(std::vector<schemas::SignedRecord> records);

}  // namespace estop::control
