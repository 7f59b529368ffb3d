// SPDX-License-Identifier: Apache-2.0

// The time of a loop, as control's core takes it.
#pragma once

#include "broker-bridge/nats/loop.h"
#include "control/core/events.h"

namespace estop::control {

[[nodiscard]] inline Now now_on(const nats::Loop& loop) {
  constexpr std::int64_t kNanosPerUs = 1'000;
  return {static_cast<std::uint64_t>(loop.now() / kNanosPerUs), loop.wall_ms()};
}

}  // namespace estop::control
