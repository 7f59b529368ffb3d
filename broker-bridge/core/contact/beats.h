// SPDX-License-Identifier: Apache-2.0

// The content of a beat: how far this bridge is, its counters, and the kills that it holds and that
// the log may not have. Pure.
#pragma once

#include <cstdint>

#include "broker-bridge/core/bridge_options.h"
#include "broker-bridge/core/contact/follower.h"
#include "broker-bridge/core/effects.h"
#include "broker-bridge/core/kills/sightings.h"

namespace estop::bridge {

class Beats {
 public:
  // All outlive it.
  Beats(const BridgeOptions& options, const Follower& follower, const Sightings& sightings,
        const IntentCounters& intents)
      : options_(options), follower_(follower), sightings_(sightings), intents_(intents) {}

  // As it is now.
  [[nodiscard]] schemas::BridgeBeat make(schemas::BridgeState state, std::uint64_t nonce) const;

 private:
  const BridgeOptions& options_;
  const Follower& follower_;
  const Sightings& sightings_;
  const IntentCounters& intents_;
};

}  // namespace estop::bridge
