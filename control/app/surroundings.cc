// SPDX-License-Identifier: Apache-2.0

// Apart from the configuration itself, so that it can be checked without the recorder's library.
#include <utility>

#include "broker-bridge/daemon/checks.h"
#include "control/app/config.h"
#include "control/recorder/folder_lock.h"

namespace estop::control {

using schemas::Result;

Result<void> check_surroundings(const ControlConfig& config) {
  for (const auto& [option, path] :
       {std::pair{"--ready-file", &config.ready_file}, std::pair{"--log-file", &config.log_file}}) {
    if (path->empty()) continue;
    if (auto may = daemon::can_write(option, *path); !may) return may;
  }
  if (auto free = can_hold_folder(config.data + "/control"); !free) return free;
  const auto endpoint = daemon::parse_endpoint("--listen", config.listen);
  return endpoint ? daemon::can_listen("--listen", *endpoint) : schemas::passed_on(endpoint);
}

}  // namespace estop::control
