// SPDX-License-Identifier: Apache-2.0

// The Loop of a simulated process, in simulated time.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "broker-bridge/nats/loop.h"
#include "tests/sim/broker.h"
#include "tests/sim/process.h"

namespace estop::sim {

class SimLoop final : public nats::Loop {
 public:
  // Both must outlive this; `broker` is for the connections.
  SimLoop(Process& on, Broker& there) : process(on), broker(there) {}

  void post(Work work) override { process.after(0, std::move(work)); }
  Timer after(std::chrono::nanoseconds delay, Work work) override {
    const auto waiting = std::make_shared<Work>(std::move(work));
    process.after(delay.count(), [weak = std::weak_ptr(waiting)] {
      if (const auto alive = weak.lock()) (*alive)();
    });
    return Timer(waiting);
  }
  [[nodiscard]] std::int64_t now() const override { return process.boot_now(); }
  [[nodiscard]] std::uint64_t wall_ms() const override { return process.wall_ms(); }

  // A connection writes at the end of each turn what it was given in it.
  class Writer {
   public:
    virtual ~Writer() = default;
    virtual void write() = 0;
  };
  void begin(Writer& writer) { writers_.push_back(&writer); }
  void end(Writer& writer) { std::erase(writers_, &writer); }
  void write() {
    for (Writer* writer : writers_) writer->write();
  }

  Process& process;
  Broker& broker;

 private:
  std::vector<Writer*> writers_;  // in the order of their making
};

}  // namespace estop::sim
