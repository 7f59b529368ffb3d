// SPDX-License-Identifier: Apache-2.0
#include "control/core/orders/command.h"

namespace estop::control {

std::string_view name(Stage stage) noexcept {
  switch (stage) {
    case Stage::kCommitted:
      return "committed";
    case Stage::kDurable:
      return "durable";
    case Stage::kFenced:
      return "fenced";
    case Stage::kStopped:
      return "stopped";
    case Stage::kOpened:
      return "opened";
    case Stage::kRevoked:
      return "revoked";
    case Stage::kApproved:
      return "approved";
  }
  return "unknown";
}

}  // namespace estop::control
