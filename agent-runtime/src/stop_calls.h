// SPDX-License-Identifier: Apache-2.0

// The thread that tells the user's code of a stop: its stop callbacks, then on_stop(). Any thread,
// unless it says otherwise.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent-runtime/src/serial_thread.h"
#include "estop/agent_types.h"

namespace estop::agent {

// Any thread, unless it says otherwise.
class StopCalls {
 public:
  explicit StopCalls(std::function<void(std::string what)> threw);  // on_stop did

  // If a stop was not reported yet, calls the callback at once.
  void on_stop(std::function<void(const StopOrder&)> callback);

  void request(std::vector<std::stop_source> running);
  // The same, then on_stop. `returned` on the thread, also when that throws.
  void stop(std::vector<std::stop_source> running, StopOrder order, std::function<void()> returned);
  void keep(StopOrder order);  // for an on_stop() that comes later
  void forget();               // what was kept: it is over

  [[nodiscard]] bool is_current() const noexcept { return thread_.is_current(); }
  void finish() { thread_.finish(); }  // runs what is queued, and ends. Not from the thread

 private:
  void tell(const StopOrder& order);  // on the thread

  std::mutex mutex_;
  std::function<void(const StopOrder&)> callback_;
  std::optional<StopOrder> untold_;  // on the thread only: a stop that came before on_stop()
  SerialThread thread_;
};

}  // namespace estop::agent
