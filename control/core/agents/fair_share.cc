// SPDX-License-Identifier: Apache-2.0
#include "control/core/agents/fair_share.h"

#include <algorithm>

namespace estop::control {

FairShare::Taken FairShare::take(Had& had, std::uint64_t now_us) {
  const std::uint64_t second = now_us / 1'000'000 + 1;  // 0: never
  if (second != second_) {
    came_before_ = second == second_ + 1 ? came_ : 0;
    came_ = 0;
    second_ = second;
  }
  if (had.second != second) {
    had = {second, 0};
    ++came_;
  }
  const double part = all_.per_s / static_cast<double>(std::max(came_, came_before_));
  const bool is_over = static_cast<double>(had.taken) >= std::max(part, 1.0);
  if (is_over && bucket_.level(now_us) <= all_.burst / 2) return Taken::kOverPart;
  if (!bucket_.take(1, now_us)) return Taken::kNothing;
  ++had.taken;
  return Taken::kYes;
}

}  // namespace estop::control
