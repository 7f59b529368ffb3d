// SPDX-License-Identifier: Apache-2.0

// /metrics, /livez and /readyz of control.
#pragma once

#include <cstdint>
#include <string>

#include "broker-bridge/daemon/http_routes.h"
#include "control/app/control_metrics.h"
#include "control/app/control_shell.h"

namespace estop::control {

// Both must outlive the pages. /livez: 200 while the loop runs. /readyz: 200 only while control
// leads and reaches the broker, else 503 and why.
[[nodiscard]] daemon::HttpRoutes status_pages(const ControlShell& shell, ControlMetrics& metrics);

}  // namespace estop::control
