// SPDX-License-Identifier: Apache-2.0

// /metrics, /livez and /readyz of a bridge.
#pragma once

#include <string>

#include "broker-bridge/app/bridge_metrics.h"
#include "broker-bridge/app/bridge_shell.h"
#include "broker-bridge/daemon/http_routes.h"

namespace estop::bridge {

// Both must outlive the pages. /livez: 200 while the loop runs. /readyz: 200 only while intents may
// pass, else 503 and why.
[[nodiscard]] daemon::HttpRoutes status_pages(const BridgeShell& shell, BridgeMetrics& metrics);

}  // namespace estop::bridge
