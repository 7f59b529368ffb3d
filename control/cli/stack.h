// SPDX-License-Identifier: Apache-2.0

// The embedded default: broker, control and bridge as children of one process, watched and
// restarted.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "broker-bridge/daemon/descriptor.h"
#include "broker-bridge/daemon/process.h"
#include "schemas/result.h"

namespace estop::cli {

// One program of the stack, in the order in which they start; they stop in the reverse order.
struct Program {
  std::string name;
  std::function<std::vector<std::string>()> arguments;  // program and arguments, for each start
  std::string log_file;
  int reopen_signal = SIGHUP;                    // after which it opens its log file again
  std::function<bool(pid_t)> is_ready;           // checked after the first start
  std::chrono::milliseconds start_time{15'000};  // it has to be ready by then
  std::chrono::milliseconds stop_time{5'000};    // then it is killed
};

class Stack {
 public:
  // Writes every end and restart to `news`, once each.
  Stack(std::vector<Program> programs, std::ostream& news);
  ~Stack();  // stop()

  // Starts each program when the one before is ready. A stop signal ends it early (then kTimeout
  // "interrupted"). kNoContact: one ended or was not ready in time, with the end of its log.
  schemas::Result<void> start();
  // Watches until SIGINT or SIGTERM; restarts a program that ends, with growing pauses. If it began
  // in a terminal, SIGHUP ends it, because the terminal is gone; without a terminal all programs
  // open their log files again. No other signal ends it.
  void watch();
  void stop();

 private:
  struct Running {
    Program program;
    daemon::ChildProcess child;  // none: it ended and waits for its restart
    std::chrono::steady_clock::time_point started, restart_at;
    std::chrono::milliseconds pause{0};
    std::string problem;  // the reported reason why it could not be started
  };
  bool interrupted(std::chrono::milliseconds wait);  // a stop signal came within `wait`
  void reopen_logs();
  schemas::Result<void> start_one(Running& running);
  schemas::Result<void> spawn(Running& running);
  void take_leave(Running& running, daemon::ExitStatus end);
  void restart(Running& running);

  std::vector<Running> running_;
  std::ostream& news_;
  daemon::Descriptor signals_;
  bool has_terminal_ = false;
};

}  // namespace estop::cli
