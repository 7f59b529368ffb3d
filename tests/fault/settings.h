// SPDX-License-Identifier: Apache-2.0

// What the environment says about the random run. README.md names the variables.
#pragma once

#include <cstdint>
#include <optional>

namespace estop::testing {

struct Settings {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  std::uint64_t orders = 100;  // each many times slower
#else
  std::uint64_t orders = 1'000;
#endif
  double intents_per_s = 50'000;
  std::optional<std::uint64_t> seed;  // none: a random one
};
[[nodiscard]] Settings settings();

}  // namespace estop::testing
