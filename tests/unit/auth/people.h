// SPDX-License-Identifier: Apache-2.0

// Who and when in the tests of control/auth.
#pragma once

#include <cstdint>

#include "control/auth/auth.h"

namespace estop::control {

inline constexpr std::uint64_t kNow_s = 1'700'000'000;
inline const Role kMailer = AgentRole{*schemas::Address::parse("acme/prod/mailer")};
inline const Role kAlice = OperatorRole{*schemas::Segment::parse("alice")};

}  // namespace estop::control
