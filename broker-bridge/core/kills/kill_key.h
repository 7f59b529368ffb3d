// SPDX-License-Identifier: Apache-2.0

// Tells one kill from another, as the gate does: one op id may come with two scopes.
#pragma once

#include <string>

#include "schemas/record.h"

namespace estop::bridge {

[[nodiscard]] inline std::string key_of(const std::string& op_id, const schemas::Scope& scope) {
  return op_id + ' ' + scope.text();
}
[[nodiscard]] inline std::string key_of(const schemas::Record& kill) {
  return key_of(kill.op_id, kill.scope());
}

}  // namespace estop::bridge
