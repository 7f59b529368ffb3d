// SPDX-License-Identifier: Apache-2.0

// The pages that every daemon has: /metrics, /readyz, and /livez, 200 while the loop runs.
#pragma once

#include <functional>
#include <string>

#include "broker-bridge/daemon/http_message.h"
#include "broker-bridge/daemon/http_routes.h"

namespace estop::daemon {

// Both are called on the loop, between two batches of intents: keep them under a millisecond.
[[nodiscard]] HttpRoutes status_pages(std::function<std::string()> metrics,
                                      std::function<HttpAnswer()> readiness);

}  // namespace estop::daemon
