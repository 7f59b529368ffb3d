// SPDX-License-Identifier: Apache-2.0

// The command line of a program without subcommands, by CLI11, which is compiled once for all of
// them.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace estop::daemon {

struct WholeNumbers {
  std::uint32_t min = 0;
  std::uint32_t max = std::numeric_limits<std::uint32_t>::max();
};

// Tasks of a daemon instead of running.
struct Instead {
  bool check_config = false;
  std::string healthcheck;  // an address and a port; empty: not asked for
};

// Options are named with their dashes ("--url"). The value of `into` when it is added is the
// default; help shows it unless it is empty. `into` must outlive parse(), and only parse() writes
// it. One thread.
class CommandLine {
 public:
  explicit CommandLine(const std::string& about);
  CommandLine(CommandLine&&) = delete;
  ~CommandLine();

  void footer(const std::string& text);   // below the options of --help
  void version(const std::string& text);  // what --version prints
  void option(const std::string& name, std::string& into, const std::string& help);
  void required(const std::string& name, std::string& into, const std::string& help);
  // Several values: `a,b`, or the option again.
  void option(const std::string& name, std::vector<std::string>& into, const std::string& help);
  void option(const std::string& name, std::uint32_t& into, const std::string& help,
              WholeNumbers allowed = {});
  void option(const std::string& name, std::optional<std::uint32_t>& into, const std::string& help,
              WholeNumbers allowed = {});
  void flag(const std::string& name, bool& into, const std::string& help);
  void instead(Instead& into);  // --check-config and --healthcheck

  // The exit code if the program ends here: 0 after --help and --version, 1 if they could not be
  // written, 2 for wrong use, which is reported on stderr.
  [[nodiscard]] std::optional<int> parse(int argc, char** argv);

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace estop::daemon
