// SPDX-License-Identifier: Apache-2.0

// The name of a bridge: its id, and the process that bears it. Two processes of one id (a rolling
// update, a copied unit file) are two bridges to every fence.
#pragma once

#include <compare>
#include <string>

#include "schemas/messages.h"

namespace estop::control {

struct BridgeName {
  std::string id;
  schemas::Process process;
  friend auto operator<=>(const BridgeName&, const BridgeName&) = default;
};

}  // namespace estop::control
