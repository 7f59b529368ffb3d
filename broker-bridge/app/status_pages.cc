// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/app/status_pages.h"

#include "broker-bridge/core/bridge_status.h"
#include "broker-bridge/daemon/status_pages.h"

namespace estop::bridge {
namespace {

daemon::HttpAnswer readiness(const BridgeStatus& status) {
  if (status.is_open) return daemon::text_answer(200, "open");
  return daemon::text_answer(503, "closed: " + status.why_closed);
}

}  // namespace

daemon::HttpRoutes status_pages(const BridgeShell& shell, BridgeMetrics& metrics) {
  return daemon::status_pages([&] { return metrics.text(shell.status()); },
                              [&] { return readiness(shell.status()); });
}

}  // namespace estop::bridge
