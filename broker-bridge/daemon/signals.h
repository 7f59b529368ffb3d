// SPDX-License-Identifier: Apache-2.0

// Signals of a daemon. SIGINT and SIGTERM are events on the loop. SIGHUP opens the log file again
// and is an event, too. No other signal that `kill` or `timeout` can send by mistake ends the
// process: they are ignored. SIGQUIT and the signals of a fault keep their meaning.
#pragma once

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace estop::daemon {

// For --help.
inline constexpr const char* kSignalsHelp =
    "Signals: TERM and INT end it after it has said so; a second one ends it at once. HUP opens\n"
    "--log-file again, and reads --listen-cert and --listen-key again. USR1, USR2, ALRM and PIPE "
    "are\n"
    "ignored. QUIT ends it at once, with a core.";

// First thing in main: until there is a Signals, SIGHUP is ignored as well.
void ignore_stray_signals();

class Signals {
 public:
  // Calls `stop` on the loop with the signal's number, for every one of them. A second one while
  // the daemon is still ending should end it at once: that is the callback's decision.
  // After SIGHUP, when the log file is open again, it calls `hang_up`.
  Signals(
      boost::asio::io_context& loop, std::function<void(int)> stop,
      std::function<void()> hang_up = [] {});
  ~Signals();  // back to the default behaviour
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace estop::daemon
