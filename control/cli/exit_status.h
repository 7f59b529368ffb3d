// SPDX-License-Identifier: Apache-2.0

// The exit codes of the command line. Part of the interface: scripts depend on them, numbers never
// change.
#pragma once

#include "schemas/result.h"

namespace estop::cli {

enum class ExitStatus : int {
  kOk = 0,           // done, and every stage that was asked for is reached
  kFailure = 1,      // anything that is none of the below
  kUsage = 2,        // the command line itself is wrong; nothing was done
  kNotFound = 3,     // nobody of that name, or nothing to resume
  kDenied = 4,       // the credential does not allow it
  kNoContact = 5,    // broker or control does not answer; nothing was sent or taken
  kUnconfirmed = 6,  // the order was sent, but not every asked-for stage is confirmed
};

[[nodiscard]] ExitStatus exit_status(schemas::Errc code) noexcept;
// The same after something was done or sent: a refusal is then a failure and no misuse.
[[nodiscard]] ExitStatus late_status(schemas::Errc code) noexcept;

}  // namespace estop::cli
