// SPDX-License-Identifier: Apache-2.0

// A common budget that many share fairly: a rate a second, and a burst after a rest.
//
// A user that has taken less than its part in this second takes from the whole bucket. One that has
// taken more takes only from the upper half. So users that want too much are cut to their parts,
// and those that want little are served. A part is the rate divided by the number of users that
// came in this second or the last one. Pure: the time is an argument.
#pragma once

#include <cstddef>
#include <cstdint>

#include "control/core/agents/token_bucket.h"

namespace estop::control {

class FairShare {
 public:
  // What one user has taken. The caller keeps it for each user.
  struct Had {
    std::uint64_t second = 0;
    std::uint64_t taken = 0;
  };
  enum class Taken : std::uint8_t {
    kYes,
    kOverPart,  // refused: it has taken its part, and others want theirs
    kNothing,   // refused: it has taken less, but nothing is left
  };

  explicit FairShare(Rate all) : all_(all), bucket_(all) {}

  Taken take(Had& had, std::uint64_t now_us);

 private:
  Rate all_;
  TokenBucket bucket_;
  std::uint64_t second_ = 0;
  std::size_t came_ = 0;  // in this second
  std::size_t came_before_ = 0;
};

}  // namespace estop::control
