// SPDX-License-Identifier: Apache-2.0

// A plain nats.c client, as its own manual shows it: the yardstick that the bridge and the kill are
// measured against.
#pragma once

#include <nats/nats.h>

#include <memory>
#include <string>

namespace estop::bench {

struct RawOptions {
  std::string url;
  std::string creds_file;
  std::string inbox_prefix;  // empty: the library's own
  bool send_asap = false;    // write at once instead of within a millisecond
};

// Threaded mode, library defaults. Throws std::runtime_error if it cannot connect.
class RawClient {
 public:
  explicit RawClient(const RawOptions& options);
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient();
  [[nodiscard]] natsConnection* get() const noexcept { return connection_; }

 private:
  natsConnection* connection_ = nullptr;
};

// Child processes of the benchmark; both run until SIGTERM.
// Forwards every message of `pattern` to `target` and checks nothing.
int run_relay(const RawOptions& options, const std::string& pattern, const std::string& target);
// Answers every request on `pattern` with its own bytes.
int run_responder(const RawOptions& options, const std::string& pattern);

}  // namespace estop::bench
