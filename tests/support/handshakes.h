// SPDX-License-Identifier: Apache-2.0

// Clients that come all at once to a TLS server on loopback, again and again: each shakes hands,
// asks for nothing, and goes.
//
// They are other hosts' work in truth, so they run only where the machine has nothing else to do
// (SCHED_IDLE): what others wait for is the server.
#pragma once

#include <atomic>
#include <cstddef>
#include <thread>

namespace estop::testing {

class Handshakes {
 public:
  Handshakes(int port, std::size_t at_once);
  // All clients go.
  ~Handshakes() = default;
  Handshakes(const Handshakes&) = delete;
  Handshakes& operator=(const Handshakes&) = delete;

  [[nodiscard]] std::size_t done() const { return done_; }      // handshakes
  [[nodiscard]] std::size_t failed() const { return failed_; }  // refused, or cut off
  [[nodiscard]] std::size_t waves() const { return waves_; }    // all of `at_once` tried

 private:
  void run(const std::stop_token& end, int port, std::size_t at_once);

  std::atomic<std::size_t> done_ = 0;
  std::atomic<std::size_t> failed_ = 0;
  std::atomic<std::size_t> waves_ = 0;
  std::jthread thread_;
};

}  // namespace estop::testing
