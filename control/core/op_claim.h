// SPDX-License-Identifier: Apache-2.0

// What an op id is at this moment. An op id names one order: a kill of one scope, or a resume.
//
// A kill is never refused because somebody used its op id before for something else: bridges may
// hold it already. It is written under an op id that is made from both, so that it is the same one
// however often and on whatever way it comes, also after a restart; its record carries the one that
// it was given (`target`), and a resume of it lifts both.
#pragma once

#include <string>

#include "control/core/log_entry.h"

namespace estop::control {

enum class OpIs : std::uint8_t {
  kNew,
  kWaiting,    // for a second operator
  kUnwritten,  // bridges heard the order; its record is written in a moment
  kInForce,
  kLifted,  // by a resume, since
};

struct KillClaim {
  OpIs is = OpIs::kNew;
  std::string op_id{};     // under which control has it, or will write it
  std::string given_as{};  // under which it came, if that names another order; else empty
};

// The op id under which a kill of `scope` is written whose own op id names another order. `attempt`
// counts from 0: the next one is for an op id that was made to collide.
[[nodiscard]] std::string own_op_id(const std::string& given, const schemas::Scope& scope,
                                    unsigned attempt);

}  // namespace estop::control
