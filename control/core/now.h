// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace estop::control {

// The instant of an event. Decisions use `boot_us` (CLOCK_BOOTTIME); `wall_ms` is for people.
struct Now {
  std::uint64_t boot_us = 0;
  std::uint64_t wall_ms = 0;
};

}  // namespace estop::control
