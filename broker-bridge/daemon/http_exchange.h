// SPDX-License-Identifier: Apache-2.0

// One request between two threads: handed to the daemon's loop, answered to the listener's thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "broker-bridge/daemon/http_message.h"

namespace estop::daemon {

class HttpSession;

// The size of a waiting piece of a stream besides its bytes.
inline constexpr std::size_t kHttpPiece_bytes = 64;

// The state of a stream that both threads share.
struct HttpFlow {
  std::atomic<bool> is_open{true};
  std::atomic<std::size_t> unsent_bytes{0};
};

// The loop's side of a request.
class HttpExchange {
 public:
  // Runs the work on the listener's thread, if the connection is still there.
  using ToSession = std::function<void(std::function<void(HttpSession&)>)>;

  HttpExchange(std::uint64_t number, std::size_t stream_max_bytes, ToSession to_session)
      : number_(number),
        stream_max_bytes_(stream_max_bytes),
        to_session_(std::move(to_session)),
        flow_(std::make_shared<HttpFlow>()) {}

  void answer(HttpAnswer answer) const;
  void begin(HttpAnswer answer) const;
  [[nodiscard]] bool send(std::string bytes) const;
  void finish() const;
  [[nodiscard]] bool is_open() const { return flow_->is_open; }

 private:
  std::uint64_t number_;  // of the connection's requests
  std::size_t stream_max_bytes_;
  ToSession to_session_;
  std::shared_ptr<HttpFlow> flow_;
};

}  // namespace estop::daemon
