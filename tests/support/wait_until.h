// SPDX-License-Identifier: Apache-2.0

// Patience with a deadline, instead of sleeping and hoping.
#pragma once

#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

namespace estop::testing {

inline constexpr std::chrono::milliseconds kPatience{10'000};

// True as soon as `condition()` is; false when `patience` is over, which it prints: a failure right
// behind that line is a deadline that was missed (tests/flaky). Looks every millisecond.
template <class Condition>
[[nodiscard]] bool wait_until(Condition&& condition,
                              std::chrono::milliseconds patience = kPatience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      std::printf("waited in vain: %lld ms\n", static_cast<long long>(patience.count()));
      std::fflush(stdout);
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace estop::testing
