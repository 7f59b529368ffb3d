// SPDX-License-Identifier: Apache-2.0

// Apart from the configuration itself, so that it can be checked without the recorder's library.
#include "broker-bridge/daemon/checks.h"
#include "control/app/config.h"
#include "control/recorder/folder_lock.h"

namespace estop::control {

using schemas::Result;

Result<void> check_surroundings(const ControlConfig& config) {
  if (auto free = can_hold_folder(config.data + "/control"); !free) return free;
  return daemon::check_surroundings(config.ready_file, config.log_file, config.listen);
}

}  // namespace estop::control
