// SPDX-License-Identifier: Apache-2.0

// The clock of leases: counts suspend, is never set (design §3.7).
#pragma once

#include "agent-runtime/core/obedience_types.h"
#include "broker-bridge/daemon/boot_clock.h"

namespace estop::agent {

inline BootTime boot_now() {
  return daemon::BootClock::now().time_since_epoch();
}

}  // namespace estop::agent
