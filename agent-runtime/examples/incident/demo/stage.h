// SPDX-License-Identifier: Apache-2.0

// The processes of the incident: who runs, from which program, in which order they come and go.
//
// Everything lives in one folder: mails/ (the mail server's record), estop/ (the data folder of
// `estop up`), logs/, customers.csv, template.txt. All methods on the main thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent-runtime/examples/incident/demo/folder_watch.h"
#include "agent-runtime/examples/incident/demo/log_tail.h"
#include "broker-bridge/daemon/process.h"
#include "schemas/result.h"

namespace estop::incident {

using schemas::Result;

inline constexpr std::size_t kInstances = 3;
inline constexpr std::size_t kRogue = 2;  // index of the one that ignores the stop

// Paths of the programs.
struct Programs {
  std::string estop;
  std::string mailer;
  std::string campaign;
  std::string smtp_sink;
};

// What an instance of the campaign has told about itself.
struct InstanceState {
  bool ready = false;
  bool stopped = false;
  bool readmitted = false;  // the rogue announced itself anew
  bool complete = false;
  std::uint64_t refused = 0;   // of the rogue: intents answered 403, killed
  std::uint64_t outdated = 0;  // and 410, an old life
};

// A run of the operator's command line.
struct Order {
  daemon::ChildProcess process;
  LogTail answers;  // JSON lines
};

class Stage {
 public:
  Stage(std::string folder, Programs programs);

  Result<void> start_mail_server();
  Result<void> start_estop();  // and makes the agents' credentials
  Result<void> start_mailer(unsigned threads);
  Result<void> start_instance(std::size_t index);
  void crash_instance(std::size_t index);  // kill -9
  Result<Order> give_order(const std::vector<std::string>& arguments);
  // Everybody, in order. What does not end by itself is killed.
  void stop();

  // Blocks until `done`. Fails with what was being waited for: too late, interrupted, or one of the
  // long-running processes has ended (then with the end of its log).
  Result<void> wait(const char* what, std::chrono::milliseconds patience,
                    const std::function<bool()>& done);
  [[nodiscard]] bool interrupted() const { return watch_.interrupted(); }

  [[nodiscard]] std::size_t mails() const;  // as the mail server's folder has them now
  [[nodiscard]] const InstanceState& instance(std::size_t index) const { return states_[index]; }
  void forget_completions();  // what was complete may become so once more, after a resume
  [[nodiscard]] std::string path(const char* name) const { return folder_ + '/' + name; }
  [[nodiscard]] const std::string& mail_server() const { return mail_server_; }  // host:port
  [[nodiscard]] const std::string& broker() const { return broker_; }

 private:
  struct Running {
    std::string name;
    daemon::ChildProcess process;
  };
  Result<daemon::ChildProcess> spawn(const std::string& name, std::vector<std::string> command);
  Result<void> start(const std::string& name, std::vector<std::string> command);
  Result<std::string> credentials_of(std::string_view address);
  std::vector<std::string> agent_flags(const std::string& creds) const;
  Result<void> check_alive();
  void end(const std::string& name, std::chrono::milliseconds patience);
  void read_logs();
  [[nodiscard]] std::string log_of(const std::string& name) const;

  std::string folder_;
  Programs programs_;
  FolderWatch watch_;
  std::string mail_server_;
  std::string broker_;
  std::string mailer_creds_;
  std::string campaign_creds_;
  std::size_t orders_ = 0;
  std::array<InstanceState, kInstances> states_;
  std::array<LogTail, kInstances> tails_;
  std::vector<Running> running_;  // in the order of starting; destroyed (killed) with the stage
};

}  // namespace estop::incident
