// SPDX-License-Identifier: Apache-2.0

// The clock of leases: counts suspend, is never set (design §3.7).
#pragma once

#include <ctime>

#include "agent-runtime/core/obedience_types.h"

namespace estop::agent {

inline BootTime boot_now() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

}  // namespace estop::agent
