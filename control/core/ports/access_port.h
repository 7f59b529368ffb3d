// SPDX-License-Identifier: Apache-2.0

// The actions of control at the broker's accounts. Performed by ClaimsWriter
// (control/app/claims_writer.h).
#pragma once

#include <variant>

#include "control/core/withdrawal.h"
#include "schemas/address.h"

namespace estop::control {

// Answered by CredentialsRevoked, when the broker has obeyed.
struct RevokeCredentials {
  Withdrawal withdrawal;
};
// Allows new credentials for the addresses of this scope again.
struct LiftBar {
  schemas::Scope scope;
};

using AccessAction = std::variant<RevokeCredentials, LiftBar>;

}  // namespace estop::control
