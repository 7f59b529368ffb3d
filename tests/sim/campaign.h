// SPDX-License-Identifier: Apache-2.0

// Many seeds, on several threads that share nothing but the next number.
#pragma once

#include <atomic>
#include <cstdint>
#include <iosfwd>
#include <vector>

#include "tests/sim/run.h"

namespace estop::sim {

struct CampaignOptions {
  std::uint64_t from = 1;
  std::uint64_t seeds = 10'000;  // 0: until `interrupted`
  std::uint64_t steps = kSteps;
  unsigned jobs = 2;
  std::vector<Mode> modes{Mode::kSafety, Mode::kLiveness};
};

struct CampaignResult {
  std::uint64_t runs = 0;
  std::uint64_t steps = 0;
  Nanos simulated = 0;
  std::map<std::string, std::uint64_t, std::less<>> counts;
  // Of the failing run with the lowest seed, if one failed. The others are not looked for.
  std::optional<Violation> violation;
  std::uint64_t seed = 0;
  Mode mode = Mode::kSafety;
};

// Ends at the first violation.
[[nodiscard]] CampaignResult campaign(const CampaignOptions& options,
                                      const std::atomic<bool>& interrupted);
void print(std::ostream& out, const CampaignOptions& options, const CampaignResult& result);

}  // namespace estop::sim
