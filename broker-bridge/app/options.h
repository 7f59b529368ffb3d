// SPDX-License-Identifier: Apache-2.0

// What the bridge's configuration means for the core and for its connections.
#pragma once

#include <string>

#include "broker-bridge/app/config.h"
#include "broker-bridge/core/bridge_core.h"
#include "broker-bridge/nats/connection.h"

namespace estop::bridge {

// The last part of a lease, which is not for forwarding.
[[nodiscard]] Nanos arrival_time(const BridgeConfig& config);
// Another one each time: it holds random numbers.
[[nodiscard]] BridgeOptions core_options(const BridgeConfig& config,
                                         const BridgeIdentity& identity);
[[nodiscard]] nats::ConnectOptions connect_options(const BridgeConfig& config,
                                                   const std::string& creds);

}  // namespace estop::bridge
