// SPDX-License-Identifier: Apache-2.0

// One run of one seed, from its making to its verdict.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "tests/sim/trace.h"
#include "tests/sim/truth.h"

namespace estop::sim {

enum class Mode : std::uint8_t {
  kSafety,    // faults all the time: nothing bad ever happens
  kLiveness,  // faults stop: then something good must happen in time
};

inline constexpr std::uint64_t kSteps = 8'000;  // of a run, unless told otherwise

struct Outcome {
  std::optional<Violation> violation;
  std::uint64_t hash = 0;  // of the whole history
  std::uint64_t steps = 0;
  Nanos simulated = 0;
  std::map<std::string, std::uint64_t, std::less<>> counts;
  std::deque<std::string> tail;  // of the history, as far as it was kept
};

[[nodiscard]] Outcome run(std::uint64_t seed, Mode mode, std::uint64_t steps, Trace trace);

}  // namespace estop::sim
