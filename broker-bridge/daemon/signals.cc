// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/signals.h"

#include <csignal>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "broker-bridge/daemon/log.h"

namespace estop::daemon {

void ignore_stray_signals() {
  // SIGXFSZ: a write that fails with EFBIG is handled as a full disk is.
  for (const int number : {SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO,
                           SIGPWR, SIGSTKFLT, SIGXFSZ}) {
    std::signal(number, SIG_IGN);
  }
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) std::signal(number, SIG_IGN);
}

struct Signals::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& loop, std::function<void(int)> on_stop,
        std::function<void()> on_hang_up)
      : set(loop, SIGINT, SIGTERM, SIGHUP),
        stop(std::move(on_stop)),
        hang_up(std::move(on_hang_up)) {}

  void wait() {
    set.async_wait([self = weak_from_this()](auto error, int signal) {
      const auto state = self.lock();
      if (error || state == nullptr) return;
      state->wait();
      if (signal != SIGHUP) return state->stop(signal);
      reopen_log_file();
      state->hang_up();
    });
  }

  boost::asio::signal_set set;
  std::function<void(int)> stop;
  std::function<void()> hang_up;
};

Signals::Signals(boost::asio::io_context& loop, std::function<void(int)> stop,
                 std::function<void()> hang_up)
    : state_((ignore_stray_signals(),
              std::make_shared<State>(loop, std::move(stop), std::move(hang_up)))) {
  state_->wait();
}

Signals::~Signals() = default;

}  // namespace estop::daemon
