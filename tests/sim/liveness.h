// SPDX-License-Identifier: Apache-2.0

// I9: when faults have ended, a kill is fenced and durable, and a resumed agent's intents flow,
// each within a stated time of the simulation.
#pragma once

#include "tests/sim/faults.h"
#include "tests/sim/world.h"

namespace estop::sim {

inline constexpr Nanos kOpenWithin = 30 * kSecond;       // after the last fault: everything is open
inline constexpr Nanos kFencedWithin = kSecond;          // after the order, durable too
inline constexpr Nanos kStoppedWithin = kSecond;         // obedient agents
inline constexpr Nanos kAllStoppedWithin = 5 * kSecond;  // after the order: control knows it
inline constexpr Nanos kFlowsWithin = 5 * kSecond;       // after the resume
inline constexpr Nanos kNoticedWithin = 5 * kSecond;     // by its client: that a link is dead

// Throws Violation.
void prove_liveness(World& world, Faults& faults);

}  // namespace estop::sim
