// What the environment says about the random run. README.md names the variables.
#pragma once

#include <cstdint>
#include <optional>

namespace estop::testing {

struct Settings {
  std::uint64_t orders = 300;
  double intents_per_s = 50'000;
  std::optional<std::uint64_t> seed;  // none: a random one
};
[[nodiscard]] Settings settings();

}  // namespace estop::testing
