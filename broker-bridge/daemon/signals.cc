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
  State(boost::asio::io_context& loop, std::function<void(int)> callback)
      : set(loop, SIGINT, SIGTERM, SIGHUP), stop(std::move(callback)) {}

  void wait() {
    set.async_wait([self = weak_from_this()](auto error, int signal) {
      const auto state = self.lock();
      if (error || state == nullptr) return;
      state->wait();
      signal == SIGHUP ? reopen_log_file() : state->stop(signal);
    });
  }

  boost::asio::signal_set set;
  std::function<void(int)> stop;
};

Signals::Signals(boost::asio::io_context& loop, std::function<void(int)> stop)
    : state_((ignore_stray_signals(), std::make_shared<State>(loop, std::move(stop)))) {
  state_->wait();
}

Signals::~Signals() = default;

}  // namespace estop::daemon
