// SPDX-License-Identifier: Apache-2.0

// The run state of this instance: running or stopped, in which life, with which lease, and why.
//
// Only the I/O thread writes it, every thread reads it. The flag and the lease are atomics, so that
// they can be checked before every effect; the rest is behind a mutex.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "agent-runtime/core/obedience_types.h"
#include "broker-bridge/nats/loop.h"
#include "estop/agent_types.h"

namespace estop::agent {

class Standing {
 public:
  // `loop`, whose clock the lease is on, must outlive this.
  Standing(const nats::Loop& loop, bool needs_lease) : loop_(loop), needs_lease_(needs_lease) {}

  // --- I/O thread ---
  void raise(StopOrder order);
  void lower();
  void start(std::uint64_t life, std::uint64_t incarnation);
  void renew(BootTime until);
  void become_ready();
  void note(Error error);  // the obstacle to becoming ready
  void end(Error error);   // never again; also called by leave()
  // Of the life that is being stopped; requesting it may run the user's code, so not here.
  [[nodiscard]] std::stop_source life_source() const;

  // --- Any thread ---
  struct Life {
    std::uint64_t number = 0;
    std::uint64_t incarnation = 0;
  };
  [[nodiscard]] const std::atomic<bool>& stop_flag() const noexcept { return stop_; }
  [[nodiscard]] Life life() const;
  // Whether code of this life may act now. kSenderKilled, kOldIncarnation, kNoContact, …
  [[nodiscard]] Result<void> may_act(std::uint64_t life) const;
  [[nodiscard]] bool acts(std::uint64_t life) const noexcept;  // the same without the reason
  [[nodiscard]] std::stop_token stop_token() const;
  [[nodiscard]] std::optional<StopOrder> stop_order() const;
  [[nodiscard]] Result<void> wait_ready(Millis timeout) const;
  [[nodiscard]] Result<void> wait_for_resume(Millis timeout) const;

 private:
  [[nodiscard]] bool lease_holds() const noexcept;

  const nats::Loop& loop_;
  const bool needs_lease_;
  std::atomic<bool> stop_{true};
  std::atomic<std::uint64_t> life_{0};
  std::atomic<BootTime::rep> lease_until_{0};
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::uint64_t incarnation_ = 0;
  bool ready_ = false;
  std::optional<Error> obstacle_;
  std::optional<Error> ended_;
  std::optional<StopOrder> order_;
  std::stop_source source_;
};

}  // namespace estop::agent
