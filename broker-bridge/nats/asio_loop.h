// SPDX-License-Identifier: Apache-2.0

// The Loop of the daemons and of every other program that uses a real broker.
#pragma once

#include "broker-bridge/nats/loop.h"

namespace boost::asio {
class io_context;
}

namespace estop::nats {

class AsioLoop final : public Loop {
 public:
  // The caller runs `context`, on one thread; it must outlive this.
  explicit AsioLoop(boost::asio::io_context& context) : context_(context) {}

  void post(Work work) override;
  Timer after(std::chrono::nanoseconds delay, Work work) override;
  [[nodiscard]] std::int64_t now() const override;
  [[nodiscard]] std::uint64_t wall_ms() const override;
  // For code that waits for sockets.
  [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }

 private:
  boost::asio::io_context& context_;
};

}  // namespace estop::nats
