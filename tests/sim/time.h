// SPDX-License-Identifier: Apache-2.0

// Simulated time: nanoseconds since the start of the simulation, or of a machine.
#pragma once

#include <cstdint>

namespace estop::sim {

using Nanos = std::int64_t;

inline constexpr Nanos kUs = 1'000;
inline constexpr Nanos kMs = 1'000'000;
inline constexpr Nanos kSecond = 1'000'000'000;

}  // namespace estop::sim
