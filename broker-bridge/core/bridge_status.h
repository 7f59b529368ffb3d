// SPDX-License-Identifier: Apache-2.0

// The status of a bridge at one moment, for pages and metrics.
#pragma once

#include <cstddef>
#include <string>

#include "broker-bridge/core/contact/lease.h"
#include "broker-bridge/core/effects.h"
#include "schemas/messages.h"

namespace estop::bridge {

struct BridgeStatus {
  schemas::BridgeState state = schemas::BridgeState::kReplaying;
  bool is_open = false;
  std::string why_closed;  // empty while it is open
  Nanos lease_left = 0;
  schemas::Head applied{};
  std::size_t kills = 0;
  std::size_t scopes = 0;  // fleet, orgs, workspaces, agents and instances that it counts
  Counters counters{};
};

}  // namespace estop::bridge
