// SPDX-License-Identifier: Apache-2.0

// The options of estop-control, as its command line has them.
#pragma once

#include "broker-bridge/daemon/command_line.h"
#include "control/app/config.h"

namespace estop::control {

// All must outlive the parsing.
void add_options(daemon::CommandLine& line, ControlConfig& config, daemon::Instead& instead);

}  // namespace estop::control
