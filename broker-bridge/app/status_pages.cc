// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/app/status_pages.h"

#include "broker-bridge/core/bridge_core.h"
#include "broker-bridge/daemon/boot_clock.h"

namespace estop::bridge {
namespace {

daemon::Page readiness(const BridgeCore& core) {
  if (core.is_open(daemon::boot_ns())) return daemon::text_page(200, "open");
  return daemon::text_page(
      503, "closed: " + (core.reason().empty() ? "its lease is over" : core.reason()));
}

}  // namespace

daemon::StatusServer::Pages status_pages(const BridgeShell& shell, BridgeMetrics& metrics) {
  return daemon::status_pages([&] { return metrics.text(shell.core(), daemon::boot_ns()); },
                              [&] { return readiness(shell.core()); });
}

}  // namespace estop::bridge
