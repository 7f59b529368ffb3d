// SPDX-License-Identifier: Apache-2.0

// H59: which of control's uncommitted kills reached this bridge.
//
// Several lease frames of one round may carry them, and each frame may be lost. Pure, not
// thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "schemas/messages.h"

namespace estop::bridge {

class UncommittedKills {
 public:
  // A frame arrived. Frames of another round no longer count.
  void begin(const schemas::LeaseFrame& frame);
  // The frame carries this kill.
  void add(const schemas::Hash& kill, const schemas::LeaseFrame& frame);
  // Whether the frames of its round carried all of them.
  [[nodiscard]] bool are_all(const schemas::LeaseFrame& frame) const;

 private:
  std::uint64_t round_ = 0;
  std::vector<schemas::Hash> told_;
};

}  // namespace estop::bridge
