// The command-line flags by which an agent of the incident finds its Estop.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "estop/agent.h"

namespace CLI {
class App;
}

namespace estop::incident {

// Adds --url, --creds and --control-key, which write into `options`; it must outlive the parsing.
void add_agent_flags(CLI::App& app, AgentOptions& options);

// Parses; the exit code if the program ends here: 0 after --help, 2 for wrong use.
[[nodiscard]] std::optional<int> parse_flags(CLI::App& app, int argc, char** argv);

// The whole file. kNotFound, kTooLarge (more than 256 MiB): the detail names it.
[[nodiscard]] Result<std::string> read_file(const std::string& path);

}  // namespace estop::incident
