// SPDX-License-Identifier: Apache-2.0

// What all together may take of something, shared fairly when they want more: so many a second, and
// so many at once after a rest.
//
// Whoever has had less than its part in this second takes from all that is there; whoever has had
// more takes only from the upper half. So a crowd that wants too much is cut to its parts, and who
// wants little is served. A part is the rate by the number of those who have come in this second or
// the last. Pure: the time is an argument.
#pragma once

#include <cstddef>
#include <cstdint>

#include "control/core/token_bucket.h"

namespace estop::control {

class FairShare {
 public:
  // What one of them has had; kept by whoever keeps him.
  struct Had {
    std::uint64_t second = 0;
    std::uint64_t taken = 0;
  };
  enum class Taken : std::uint8_t {
    kYes,
    kOverPart,  // not: it has had its part, and others want theirs
    kNothing,   // not: it has had less, but nothing is left
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
