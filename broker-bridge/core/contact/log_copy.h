// SPDX-License-Identifier: Apache-2.0

// Checks control's snapshots against the log that this bridge has read itself. It folds the applied
// log apart from the gate, and compares the result with the gate and with the snapshot that control
// signed. Pure, not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "broker-bridge/core/admission/gate.h"
#include "schemas/log_state.h"

namespace estop::bridge {

class LogCopy {
 public:
  // Takes the next record of the log, before the gate applies it. Returns a sentence if control's
  // snapshot differs from the log that this bridge read, or if the gate differs from the log; else
  // nothing.
  [[nodiscard]] std::string apply(const schemas::SignedRecord& record, const Gate& gate);
  // Begins anew: the log begins with this state.
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
