// SPDX-License-Identifier: Apache-2.0

// The lock that keeps a second control off a recorder's folder: `<folder>/lock`.
#pragma once

#include <string>

#include "broker-bridge/daemon/file_lock.h"

namespace estop::control {

inline constexpr const char* kFolderHolder = "another control";

[[nodiscard]] inline schemas::Result<daemon::FileLock> hold_folder(const std::string& folder) {
  return daemon::FileLock::take(folder + "/lock", kFolderHolder);
}
[[nodiscard]] inline schemas::Result<void> can_hold_folder(const std::string& folder) {
  return daemon::FileLock::check(folder + "/lock", kFolderHolder);
}

}  // namespace estop::control
