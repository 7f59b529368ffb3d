// SPDX-License-Identifier: Apache-2.0

// How bad things are at the moment: chances per million that the parts of a simulation look up.
#pragma once

#include <cstdint>

#include "tests/sim/time.h"

namespace estop::sim {

struct Weather {
  // Network, per message from the broker to a client.
  std::uint64_t loss = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t lag = 0;   // of one subscription against the others of its connection
  std::uint64_t busy = 0;  // a client reads later, and several messages at once
  Nanos delay_least = 20 * kUs;
  Nanos delay_most = 300 * kUs;

  // Processes, per effect and per write of the disk.
  std::uint64_t crash = 0;
  Nanos commit_most = 3 * kMs;
};

}  // namespace estop::sim
