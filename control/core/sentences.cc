// SPDX-License-Identifier: Apache-2.0
#include "control/core/sentences.h"

#include <fmt/format.h>

#include "schemas/printable.h"

namespace estop::control {

std::string kill_sentence(const schemas::Latch& latch) {
  return fmt::format("{} killed by {} since {} (op {}): {}", latch.scope.text(), latch.actor,
                     schemas::utc_text(latch.since_ms), latch.op_id, latch.reason);
}

std::string stream_sentence(const std::string& problem) {
  return fmt::format(
      "the broker's stream takes no records{}: make room on the broker's disk, and if it has room, "
      "restart the broker",
      problem.empty() ? "" : " (" + problem + ")");
}

}  // namespace estop::control
