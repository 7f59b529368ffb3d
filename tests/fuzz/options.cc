// SPDX-License-Identifier: Apache-2.0

// The options of the daemons, and the files that they name: each line of the input is one option.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "broker-bridge/app/config.h"
#include "control/app/config.h"
#include "tests/fuzz/targets.h"

namespace estop::fuzz {
namespace {

// Takes a line, or what is left.
std::string_view line(std::string_view& rest) {
  const std::string_view taken = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(taken.size() + 1, rest.size()));
  return taken;
}

std::uint32_t number(std::string_view& rest, std::uint32_t fallback) {
  const std::string_view digits = line(rest);
  std::from_chars(digits.data(), digits.data() + digits.size(), fallback);
  return fallback;
}

// A file that an option names.
class File {
 public:
  File(const char* name, std::string_view bytes)
      : path_(std::filesystem::temp_directory_path() /
              ("estop-fuzz-" + std::to_string(getpid()) + "-" + name)) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { std::filesystem::remove(path_); }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

void bridge_options(std::string_view rest) {
  bridge::BridgeConfig config;
  config.id = line(rest);
  config.listen = line(rest);
  config.log_format = line(rest);
  config.beat_ms = number(rest, config.beat_ms);
  config.lease_ms = number(rest, config.lease_ms);
  config.control_key = line(rest);
  config.agents_creds = config.control_creds = "none";
  if (!validate(config)) return;
  require(config.lease_ms / 4 >= config.beat_ms, "a lease outlives three lost beats");
  const File creds("creds", rest);
  config.agents_creds = config.control_creds = creds.path();
  if (config.control_key == "file") config.control_key = creds.path();
  const auto read = load(config);
  require(!read || (read->id.text() == config.id && !read->listen.host.empty()), "names stay");
}

void control_options(std::string_view rest) {
  control::ControlConfig config;
  config.data = "/nonexistent";
  config.listen = line(rest);
  config.log_format = line(rest);
  config.bridge_beat_ms = number(rest, config.bridge_beat_ms);
  config.bridge_lease_ms = number(rest, config.bridge_lease_ms);
  config.agent_beat_ms = number(rest, config.agent_beat_ms);
  config.agent_lease_ms = number(rest, config.agent_lease_ms);
  if (!validate(config)) return;
  require(config.agent_lease_ms / 3 >= config.agent_beat_ms, "a lease outlives two lost beats");
  const File key("key", line(rest));
  const File creds("creds", rest);
  config.log_key = key.path();
  config.agents_creds = config.control_creds = creds.path();
  const auto read = load(config);
  require(!read || read->recorder_folder == config.data + "/control", "names stay");
}

}  // namespace

void options(std::string_view input) {
  if (input.starts_with('a')) bridge_options(input.substr(1));
  if (input.starts_with('b')) control_options(input.substr(1));
}

}  // namespace estop::fuzz
