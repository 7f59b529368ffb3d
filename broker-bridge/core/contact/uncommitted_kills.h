// SPDX-License-Identifier: Apache-2.0

// H59: which of the kills that control has not committed this bridge was told.
//
// They may fill several lease frames of one round, and each of these may be lost. Pure, not
// thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "schemas/messages.h"

namespace estop::bridge {

class UncommittedKills {
 public:
  // A frame arrived. What frames of another round told counts no more.
  void begin(const schemas::LeaseFrame& frame);
  // It tells this kill.
  void add(const schemas::Hash& kill, const schemas::LeaseFrame& frame);
  // The frames of its round told all of them.
  [[nodiscard]] bool are_all(const schemas::LeaseFrame& frame) const;

 private:
  std::uint64_t round_ = 0;
  std::vector<schemas::Hash> told_;
};

}  // namespace estop::bridge
