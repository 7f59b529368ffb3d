// SPDX-License-Identifier: Apache-2.0

// Which control leads, according to the lease frames. Pure, not thread-safe.
#pragma once

#include <cstdint>

#include "broker-bridge/core/turn.h"
#include "schemas/messages.h"

namespace estop::bridge {

class Leader {
 public:
  // `patience`: how long a deposed leader may continue while its successor is silent.
  explicit Leader(Nanos patience) : patience_(patience) {}

  // False: the frame comes from a deposed leader and has no meaning.
  [[nodiscard]] bool sent(const schemas::LeaseFrame& frame, Turn& turn);

 private:
  void on_deposed(const schemas::LeaseFrame& frame, Turn& turn);

  Nanos patience_;
  std::uint64_t term_ = 0;        // newest that a frame carried
  schemas::Process leader_;       // of that term
  Nanos newest_at_ = 0;           // its newest frame
  bool told_of_deposed_ = false;  // since then
};

}  // namespace estop::bridge
