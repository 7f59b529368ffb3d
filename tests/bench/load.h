// SPDX-License-Identifier: Apache-2.0

// One sender and one receiver in one process, on one loop: how fast, how late and, around a kill,
// whether intents pass.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "schemas/address.h"
#include "schemas/subjects.h"

namespace estop::bench {

using Clock = std::chrono::steady_clock;

// Where the load runs: through the bridge (prefix `estop`) or through the relay (another prefix,
// the same lengths).
struct Lane {
  std::string url;
  std::string sender_creds;
  std::string receiver_creds;
  schemas::Subjects subjects = schemas::Subjects::standard();
  schemas::Address sender;
  schemas::Address receiver;
  std::uint64_t incarnation = 0;
};

class Load {
 public:
  // Connects both; throws std::runtime_error with the cause.
  explicit Load(const Lane& lane);
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load();

  // Sends `count` intents of 128 bytes payload with at most `window` under way; intents received
  // per second. Throws if they do not arrive within 30 s.
  [[nodiscard]] double throughput(std::uint64_t count, std::uint64_t window);
  // One at a time: microseconds from the publish to the receiver's handler.
  [[nodiscard]] std::vector<double> latencies_us(std::size_t count);

  // Keeps `window` intents under way until `stop` is requested; refused ones count as done. For a
  // thread of its own.
  void saturate(std::uint64_t window, const std::stop_token& stop);
  // Sends about 20,000 intents a second, whatever becomes of them, until `stop`. `deliveries` gets
  // the send time of each that arrived. For a thread of its own; read it after that ended.
  void flood(const std::stop_token& stop, std::vector<Clock::time_point>& deliveries);
  [[nodiscard]] std::uint64_t received() const noexcept;
  [[nodiscard]] std::uint64_t refused() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace estop::bench
