// SPDX-License-Identifier: Apache-2.0

// So many a second on average, and so many at once after a rest. Pure: the time is an argument.
#pragma once

#include <algorithm>
#include <cstdint>

namespace estop::control {

struct Rate {
  double per_s = 0;
  double burst = 0;
};

class TokenBucket {
 public:
  explicit TokenBucket(Rate rate) : rate_(rate), level_(rate.burst) {}

  // False: there are not so many now, and none is taken.
  bool take(double some, std::uint64_t now_us) {
    refill(now_us);
    if (level_ < some) return false;
    level_ -= some;
    return true;
  }
  [[nodiscard]] double level(std::uint64_t now_us) {
    refill(now_us);
    return level_;
  }
  // For costs that are known only afterwards: a debt that time pays.
  void charge(double some) { level_ -= some; }
  [[nodiscard]] bool in_debt(std::uint64_t now_us) {
    refill(now_us);
    return level_ < 0;
  }
  // A full bucket is as good as new: forgetting it changes nothing.
  [[nodiscard]] bool is_full(std::uint64_t now_us) {
    refill(now_us);
    return level_ >= rate_.burst;
  }

 private:
  void refill(std::uint64_t now_us) {
    if (now_us <= at_us_) return;
    const double passed_s = static_cast<double>(now_us - at_us_) / 1e6;
    at_us_ = now_us;
    level_ = std::min(rate_.burst, level_ + passed_s * rate_.per_s);
  }

  Rate rate_;
  double level_;
  std::uint64_t at_us_ = 0;
};

}  // namespace estop::control
