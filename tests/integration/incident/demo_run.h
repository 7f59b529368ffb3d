// SPDX-License-Identifier: Apache-2.0

// One run of the demo, in a folder of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "broker-bridge/daemon/process.h"
#include "tests/support/temp_dir.h"

namespace estop::testing {

class DemoRun {
 public:
  // Starts the demo; its temporary folder is made in ours.
  explicit DemoRun(std::vector<std::string> arguments);

  [[nodiscard]] static std::string customers(std::size_t count);  // the text of a CSV file

  daemon::ExitStatus wait(std::chrono::seconds patience = std::chrono::seconds(50));
  void interrupt() { process_.signal(SIGINT); }
  [[nodiscard]] std::string output() const;  // so far, standard error included
  [[nodiscard]] std::string last_line() const;
  // Command lines of every process that works in the folder of this run.
  [[nodiscard]] std::vector<std::string> processes() const;
  [[nodiscard]] bool folder_is_empty() const;  // the demo has removed what it made

 private:
  TempDir logs_;
  TempDir folder_;
  daemon::ChildProcess process_;
};

}  // namespace estop::testing
