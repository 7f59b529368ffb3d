// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/contact/beats.h"

namespace estop::bridge {

schemas::BridgeBeat Beats::make(schemas::BridgeState state, std::uint64_t nonce) const {
  schemas::BridgeBeat beat;
  beat.bridge = options_.id.text();
  beat.process = options_.process;
  beat.nonce = nonce;
  beat.state = state;
  beat.applied = follower_.applied();
  beat.key = options_.own_key;
  beat.forwarded = intents_.forwarded;
  beat.refused = intents_.refused;
  beat.refused_killed = intents_.refused_killed;
  beat.after_fence = intents_.after_fence;
  beat.held = sightings_.frames();
  return beat;
}

}  // namespace estop::bridge
