// SPDX-License-Identifier: Apache-2.0

// All chance of a simulation: one stream of numbers from one seed (splitmix64).
#pragma once

#include <cstdint>
#include <vector>

#include "tests/sim/time.h"

namespace estop::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t mixed = (state_ += 0x9E3779B97F4A7C15U);
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31);
  }
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  Nanos between(Nanos least, Nanos most) {
    return least + static_cast<Nanos>(below(static_cast<std::uint64_t>(most - least) + 1));
  }
  bool chance(std::uint64_t per_million) { return below(1'000'000) < per_million; }
  template <class T>
  T& pick(std::vector<T>& from) {
    return from[below(from.size())];
  }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

 private:
  std::uint64_t state_;
};

}  // namespace estop::sim
