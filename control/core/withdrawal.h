// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/core/asker.h"
#include "schemas/address.h"

namespace estop::control {

// Credentials to withdraw at the broker: of a kill's scope, or of an owner by name.
struct Withdrawal {
  std::string op_id{};                    // of the kill; empty: by name
  std::optional<schemas::Scope> scope{};  // its addresses also get no new credential
  std::string who{};                      // see RevokeCommand
  std::vector<std::string> users{};
  std::string actor{};
  std::string reason{};
  Asker asker{};
};

}  // namespace estop::control
