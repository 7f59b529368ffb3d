// SPDX-License-Identifier: Apache-2.0

// Order statistics of samples.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace estop::bench {

// The value below which `share` (0 to 1) of the samples lie; 0 for none. Nearest rank.
inline double percentile(std::vector<double> samples, double share) {
  if (samples.empty()) return 0;
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(samples.size() - 1) + 0.5);
  std::nth_element(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(rank),
                   samples.end());
  return samples[rank];
}

inline double median(const std::vector<double>& samples) {
  return percentile(samples, 0.5);
}

}  // namespace estop::bench
