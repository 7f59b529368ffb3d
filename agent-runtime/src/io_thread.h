// SPDX-License-Identifier: Apache-2.0

// The I/O thread and the loop that it runs: the only place in which this part begins or ends one.
#pragma once

#include <memory>

#include "broker-bridge/nats/loop.h"

namespace estop::agent {

class IoThread {
 public:
  IoThread();
  ~IoThread();  // stop()
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  [[nodiscard]] nats::Loop& loop() noexcept;
  void start();  // once
  [[nodiscard]] bool has_started() const noexcept;
  void stop();   // ends the loop and the thread; what was posted and did not run is kept. Not on it
  void drain();  // behind stop(): runs what was kept, here

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace estop::agent
