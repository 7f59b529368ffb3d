// SPDX-License-Identifier: Apache-2.0

// A connection for programs that do one thing after another: the command line, start-up, tests.
//
// Drives a Connection on a private loop; every call blocks its caller until the answer, the
// deadline or stop(). Use from one thread (stop() excepted).
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "broker-bridge/nats/connection.h"
#include "schemas/result.h"
#include "schemas/subjects.h"

namespace estop::nats {

class BlockingClient {
 public:
  BlockingClient(ConnectOptions options, schemas::Subject inbox);
  ~BlockingClient();  // close()

  // kNoContact or kUnauthenticated, as Connection::connect.
  schemas::Result<void> connect(bool retry = false);
  [[nodiscard]] bool was_started() const noexcept;  // connect() was called
  [[nodiscard]] bool is_connected() const;

  // The first answer; kTimeout, kNoContact, or kTimeout with "stopped" after stop().
  schemas::Result<std::string> request(const schemas::Subject& subject, std::string_view data,
                                       Millis timeout);
  // Hands every answer to `answer` until it returns false: then kOk. Otherwise as request().
  schemas::Result<void> request_many(const schemas::Subject& subject, std::string_view data,
                                     Millis timeout,
                                     const std::function<bool(const MessageView&)>& answer);
  Connection::SubscriptionId subscribe(const schemas::Subject& pattern,
                                       Connection::Handler handler);
  // Writes to the broker before it returns, as far as that needs no waiting. False as
  // Connection::publish.
  [[nodiscard]] bool publish(const schemas::Subject& subject, std::string_view data,
                             const Headers& headers = {});

  // Handles messages until `done` is true (then returns true), `timeout` is over, contact is lost
  // for good, or stop(). Checks `done` after each event and every 50 ms.
  bool run_until(const std::function<bool()>& done, Millis timeout);

  // Ends the running and every later wait within 50 ms. From any thread or signal handler.
  void stop() noexcept { stopped_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }

  [[nodiscard]] Connection& connection();
  // The broker's last complaint (a permissions violation); empty if there is none.
  [[nodiscard]] const std::string& last_error() const noexcept;
  // Returns the last complaint and forgets it.
  [[nodiscard]] std::string take_error();
  // True for good after the broker refused the credential; last_error() gives the cause.
  [[nodiscard]] bool is_closed() const noexcept;
  void close();

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::atomic<bool> stopped_{false};
  static_assert(std::atomic<bool>::is_always_lock_free, "stop() must be async-signal-safe");
};

}  // namespace estop::nats
