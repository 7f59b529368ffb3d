// SPDX-License-Identifier: Apache-2.0

// The options of estop-bridge, as its command line has them.
#pragma once

#include "broker-bridge/app/config.h"
#include "broker-bridge/daemon/command_line.h"

namespace estop::bridge {

// All must outlive the parsing.
void add_options(daemon::CommandLine& line, BridgeConfig& config, daemon::Instead& instead);

}  // namespace estop::bridge
