// SPDX-License-Identifier: Apache-2.0
#include "control/cli/exit_status.h"

namespace estop::cli {

ExitStatus exit_status(schemas::Errc code) noexcept {
  using schemas::Errc;
  if (code == Errc::kOk) return ExitStatus::kOk;
  if (code == Errc::kBadAddress || code == Errc::kBadScope || code == Errc::kMissingReason ||
      code == Errc::kBadArgument) {
    return ExitStatus::kUsage;
  }
  if (code == Errc::kNotFound || code == Errc::kNotKilled) return ExitStatus::kNotFound;
  if (code == Errc::kUnauthenticated || schemas::status(code) == 403) return ExitStatus::kDenied;
  if (code == Errc::kNoContact || code == Errc::kTimeout) return ExitStatus::kNoContact;
  return ExitStatus::kFailure;
}

ExitStatus late_status(schemas::Errc code) noexcept {
  const ExitStatus status = exit_status(code);
  return status == ExitStatus::kUsage ? ExitStatus::kFailure : status;
}

}  // namespace estop::cli
