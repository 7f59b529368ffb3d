// SPDX-License-Identifier: Apache-2.0

// The command-line flags by which an agent of the incident finds its Estop.
#pragma once

#include <cstddef>
#include <string>

#include "broker-bridge/daemon/command_line.h"
#include "estop/agent.h"

namespace estop::incident {

// Adds --url, --creds and --control-key, which write into `options`; it must outlive the parsing.
void add_agent_flags(daemon::CommandLine& line, AgentOptions& options);

// The whole file. kNotFound, kTooLarge (more than 256 MiB): the detail names it.
[[nodiscard]] Result<std::string> read_file(const std::string& path);

}  // namespace estop::incident
