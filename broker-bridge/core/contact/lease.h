// SPDX-License-Identifier: Apache-2.0

// The lease of a bridge: how long it may forward without a message from control.
//
// It counts from the *sending* of the bridge's own beat, once control has echoed that beat's nonce:
// a delay on the way makes the lease shorter, never longer. Times are nanoseconds of a clock that
// also counts suspend. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace estop::bridge {

using Nanos = std::int64_t;  // CLOCK_BOOTTIME

class Lease {
 public:
  Lease(Nanos length, std::uint64_t first_nonce) : length_(length), next_nonce_(first_nonce) {}

  // The nonce for a beat that is sent now. `joining`: the beat asks to join, so its echo may open
  // the bridge.
  std::uint64_t beat(Nanos now, bool joining);
  // Control echoed `nonce`: the lease may now reach further. True if the echoed beat asked to join.
  // Foreign, forgotten and repeated nonces do nothing.
  bool granted(std::uint64_t nonce);
  // Forgets all grants and all open beats.
  void forget();
  [[nodiscard]] bool holds(Nanos now) const noexcept { return now < until_; }
  [[nodiscard]] Nanos until() const noexcept { return until_; }

 private:
  struct Sent {
    std::uint64_t nonce = 0;
    Nanos at = 0;
    bool joining = false;
  };
  static constexpr std::size_t kRemembered = 64;

  Nanos length_;
  Nanos until_ = 0;
  std::uint64_t next_nonce_;
  std::array<std::optional<Sent>, kRemembered> sent_{};  // by nonce modulo size
};

}  // namespace estop::bridge
