// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/nats/asio_loop.h"

#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "broker-bridge/daemon/boot_clock.h"

namespace estop::nats {
namespace {

struct Waiting {
  boost::asio::steady_timer timer;
  Loop::Work work;
};

}  // namespace

void AsioLoop::post(Work work) {
  boost::asio::post(context_, std::move(work));
}

Loop::Timer AsioLoop::after(std::chrono::nanoseconds delay, Work work) {
  const auto waiting = std::make_shared<Waiting>(
      Waiting{boost::asio::steady_timer(context_, delay), std::move(work)});
  waiting->timer.async_wait([weak = std::weak_ptr(waiting)](auto error) {
    const auto alive = weak.lock();
    if (!error && alive) alive->work();
  });
  return Timer(waiting);
}

std::int64_t AsioLoop::now() const {
  return daemon::boot_ns();
}

std::uint64_t AsioLoop::wall_ms() const {
  return daemon::wall_ms();
}

}  // namespace estop::nats
