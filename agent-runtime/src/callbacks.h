// SPDX-License-Identifier: Apache-2.0

// The user's callbacks, and the thread on which they run. All but on_stop: see stop_calls.h.
//
// Any thread. Refusals and errors are left out and counted when too many wait.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>

#include "agent-runtime/src/serial_thread.h"
#include "agent-runtime/src/standing.h"
#include "estop/agent_types.h"

namespace estop::agent {

class Callbacks {
 public:
  // `standing`, which notes every error, must outlive this.
  explicit Callbacks(Standing& standing);

  void on_resume(std::function<void()> callback);
  void on_refused(std::function<void(const Refusal&)> callback);
  void on_error(std::function<void(const Error&)> callback);

  void resumed();
  void refused(Refusal refusal);
  void alarm(Error error);
  void notify(const SerialThread::Work& work);  // on the thread; here, once that has ended
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(); }

  [[nodiscard]] bool is_current() const noexcept { return thread_.is_current(); }
  void settle() { thread_.settle(); }  // waits for what is queued now. Not from the thread
  void finish() { thread_.finish(); }  // runs what is queued, and ends. Not from the thread

 private:
  struct Set {
    std::function<void()> resume;
    std::function<void(const Refusal&)> refused;
    std::function<void(const Error&)> error;
  };
  [[nodiscard]] Set set() const;
  void notice(SerialThread::Work work);  // left out and counted if too many wait

  Standing& standing_;
  mutable std::mutex mutex_;
  Set set_;
  std::atomic<std::uint64_t> dropped_{0};
  SerialThread thread_;
};

}  // namespace estop::agent
