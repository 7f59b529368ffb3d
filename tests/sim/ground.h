// SPDX-License-Identifier: Apache-2.0

// What all parts of one simulation share.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "tests/sim/random.h"
#include "tests/sim/timeline.h"
#include "tests/sim/trace.h"
#include "tests/sim/weather.h"

namespace estop::sim {

struct Ground {
  Ground(std::uint64_t seed, Trace kept) : random(seed), trace(std::move(kept)) {}

  Timeline timeline;
  Random random;
  Weather weather;
  Trace trace;
  std::map<std::string, std::uint64_t, std::less<>> counts;  // of what happened, by its name

  void count(std::string_view what, std::uint64_t times = 1) {
    const auto known = counts.find(what);
    if (known != counts.end()) {
      known->second += times;
    } else {
      counts.emplace(what, times);
    }
  }
  // The place of this moment in the order of all that happens; instants alone can be equal.
  [[nodiscard]] std::uint64_t stamp() { return ++stamps_; }
  [[nodiscard]] Nanos delay() { return random.between(weather.delay_least, weather.delay_most); }

 private:
  std::uint64_t stamps_ = 0;
};

}  // namespace estop::sim
