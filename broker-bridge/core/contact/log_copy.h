// SPDX-License-Identifier: Apache-2.0

// Control's snapshots, checked by what this bridge has read itself: the applied log is folded apart
// from the gate, and held against the gate and against what control signed. Pure, not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "broker-bridge/core/admission/gate.h"
#include "schemas/log_state.h"

namespace estop::bridge {

class LogCopy {
 public:
  // The next record of the log, before the gate applies it. A sentence if control's snapshot is not
  // what this bridge read, or this gate does not hold what the log says; else nothing.
  [[nodiscard]] std::string apply(const schemas::SignedRecord& record, const Gate& gate);
  // From here on: the log begins with this state.
  void begin(schemas::LogState state);

 private:
  struct Own {  // of a snapshot whose part 0 was applied
    schemas::Head place;
    std::uint64_t parts = 0;
    schemas::Hash digest{};
  };
  [[nodiscard]] std::string check(const schemas::Snapshot& snapshot);

  schemas::LogState state_;
  std::optional<Own> own_;
};

}  // namespace estop::bridge
