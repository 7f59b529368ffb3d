// SPDX-License-Identifier: Apache-2.0

// The two clocks of Estop: CLOCK_BOOTTIME for leases, because it counts suspend and never jumps;
// wall time only for people and for records.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>

namespace estop::daemon {

struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
  [[nodiscard]] static time_point now() noexcept {
    std::timespec at{};
    ::clock_gettime(CLOCK_BOOTTIME, &at);
    return time_point(std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec));
  }
};

// Nanoseconds and milliseconds of boot time, as the pure cores take it.
[[nodiscard]] inline std::int64_t boot_ns() noexcept {
  return BootClock::now().time_since_epoch().count();
}
[[nodiscard]] inline std::uint64_t boot_ms() noexcept {
  using std::chrono::milliseconds;
  const auto since = std::chrono::duration_cast<milliseconds>(BootClock::now().time_since_epoch());
  return static_cast<std::uint64_t>(since.count());
}

// Milliseconds since 1970. Can jump.
[[nodiscard]] inline std::uint64_t wall_ms() noexcept {
  using std::chrono::milliseconds;
  const auto since =
      std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  return static_cast<std::uint64_t>(since.count());
}

}  // namespace estop::daemon
