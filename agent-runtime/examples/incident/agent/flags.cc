// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/agent/flags.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace estop::incident {

void add_agent_flags(daemon::CommandLine& line, AgentOptions& options) {
  line.option("--url", options.url, "the broker");
  line.required("--creds", options.creds_file, "credentials of the agent");
  line.required("--control-key", options.control_key, "log.pub of the data folder");
}

Result<std::string> read_file(const std::string& path) {
  constexpr std::size_t kMax_bytes = 256U * 1024 * 1024;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    return fail(Errc::kNotFound, path + " cannot be read: " + std::strerror(errno));
  }
  if (text.view().size() > kMax_bytes) return fail(Errc::kTooLarge, path + " is too large");
  return std::move(text).str();
}

}  // namespace estop::incident
