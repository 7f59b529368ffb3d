#include "agent-runtime/examples/incident/agent/flags.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace estop::incident {

void add_agent_flags(CLI::App& app, AgentOptions& options) {
  app.add_option("--url", options.url, "the broker")->capture_default_str();
  app.add_option("--creds", options.creds_file, "credentials of the agent")->required();
  app.add_option("--control-key", options.control_key, "log.pub of the data folder")->required();
}

std::optional<int> parse_flags(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {  // also how CLI11 says that help was asked for
    return app.exit(error) == 0 ? 0 : 2;
  }
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
