#include "broker-bridge/ops/signals.h"

#include <csignal>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

namespace estop::ops {

struct Signals::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& loop, std::function<void(int)> callback)
      : set(loop, SIGINT, SIGTERM), stop(std::move(callback)) {}

  void wait() {
    set.async_wait([self = weak_from_this()](auto error, int signal) {
      const auto state = self.lock();
      if (error || state == nullptr) return;
      state->wait();
      state->stop(signal);
    });
  }

  boost::asio::signal_set set;
  std::function<void(int)> stop;
};

Signals::Signals(boost::asio::io_context& loop, std::function<void(int)> stop)
    : state_(std::make_shared<State>(loop, std::move(stop))) {
  std::signal(SIGPIPE, SIG_IGN);
  state_->wait();
}

Signals::~Signals() = default;

}  // namespace estop::ops
