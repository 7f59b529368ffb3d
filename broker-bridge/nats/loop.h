// SPDX-License-Identifier: Apache-2.0

// The loop of a part of Estop: its next work, its later work, and its clock.
//
// Two implementations: AsioLoop runs the daemons; the simulator's loop runs the same shells in
// simulated time. A shell takes time only from its loop. All work runs on the loop's one thread,
// one after another.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace estop::nats {

class Loop {
 public:
  using Work = std::function<void()>;

  // Work that waits for its time. Destroying or replacing the Timer cancels the work, even when the
  // time has come and the work has not begun; the work itself may do that. The loop must outlive
  // its timers.
  class [[nodiscard]] Timer {
   public:
    Timer() = default;  // nothing waits
    explicit Timer(std::shared_ptr<void> waiting) noexcept : waiting_(std::move(waiting)) {}
    Timer(Timer&&) noexcept = default;
    Timer& operator=(Timer&&) noexcept = default;
    ~Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    void cancel() noexcept { waiting_.reset(); }

   private:
    std::shared_ptr<void> waiting_;  // whose last owner is this
  };

  Loop() = default;
  virtual ~Loop() = default;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs `work` after the work that waits already. From any thread, as long as the loop lives.
  // Drops work that has not begun when the loop ends.
  virtual void post(Work work) = 0;
  // Runs `work` once, not before `delay` is over. On the loop's thread.
  virtual Timer after(std::chrono::nanoseconds delay, Work work) = 0;
  // Nanoseconds of boot time: it counts suspend and never jumps.
  [[nodiscard]] virtual std::int64_t now() const = 0;
  // Milliseconds since 1970. Can jump: only for people and for records. From any thread.
  [[nodiscard]] virtual std::uint64_t wall_ms() const = 0;
};

}  // namespace estop::nats
