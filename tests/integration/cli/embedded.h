// SPDX-License-Identifier: Apache-2.0

// The embedded default of one test, driven as a person does it: the real `estop` with its real
// children.
#pragma once

#include <string>
#include <vector>

#include "broker-bridge/daemon/process.h"
#include "control/cli/installation.h"
#include "tests/support/temp_dir.h"

namespace estop::cli {

struct Outcome {
  int exit_code = -1;  // -1: killed by a signal, or not done in time
  std::string text;    // standard error, then standard output
  std::string out;     // standard output alone
  [[nodiscard]] bool says(const std::string& words) const {
    return text.find(words) != std::string::npos;
  }
};

class Embedded {
 public:
  // Runs `estop <words>` with this data folder to its end, as user `operator` unless acts_as() said
  // another, without a terminal.
  [[nodiscard]] Outcome estop(std::vector<std::string> words) const;
  // A shell script in which "$@" is `estop --data …`.
  [[nodiscard]] Outcome script(const std::string& lines) const;
  // The same as estop(), not waited for.
  [[nodiscard]] daemon::ChildProcess begin(std::vector<std::string> words, const std::string& log);
  void acts_as(const std::string& user) { user_ = user; }  // $USER

  // `estop up --port <port> <more>`, until it is up. Fails the test with its words if it is not.
  void up(const std::vector<std::string>& more = {}, int port = 0);
  // The same where a process may open so many descriptors.
  void up_within(int descriptors);
  // The same as a service starts it: without a terminal.
  void up_without_terminal();
  [[nodiscard]] daemon::ChildProcess& process() { return up_; }
  [[nodiscard]] RunFile run() const;  // what it listens on
  [[nodiscard]] std::string said() const;
  [[nodiscard]] int broker_port() const;
  [[nodiscard]] std::string data() const { return folder_.file(data_); }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }
  void use(const std::string& name) { data_ = name; }  // another data folder from here on

  // The living processes whose command line names this data folder, `up` itself excepted.
  [[nodiscard]] std::vector<pid_t> children() const;
  [[nodiscard]] pid_t child(const std::string& program) const;  // 0: none

 private:
  void start(std::vector<std::string> command);

  testing::TempDir folder_;
  std::string data_ = "data";
  std::string user_ = "operator";
  daemon::ChildProcess up_;
};

// What a daemon answers to GET `path`, headers and all. `url` as in run.json.
[[nodiscard]] std::string page(const std::string& url, const std::string& path);

}  // namespace estop::cli
