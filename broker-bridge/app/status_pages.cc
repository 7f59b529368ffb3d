// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/app/status_pages.h"

#include "broker-bridge/core/bridge_core.h"
#include "broker-bridge/daemon/boot_clock.h"

namespace estop::bridge {
namespace {

daemon::Page readiness(const BridgeCore& core) {
  daemon::Page page;
  if (core.is_open(daemon::boot_ns())) {
    page.body = "open\n";
    return page;
  }
  page.status = 503;
  page.body = "closed: " + (core.reason().empty() ? "its lease is over" : core.reason()) + "\n";
  return page;
}

}  // namespace

daemon::StatusServer::Pages status_pages(const BridgeShell& shell, BridgeMetrics& metrics) {
  return {
      {"/metrics",
       [&] {
         return daemon::Page{200, daemon::Metrics::kContentType,
                             metrics.text(shell.core(), daemon::boot_ns())};
       }},
      {"/livez",
       [] {
         daemon::Page page;
         page.body = "alive\n";
         return page;
       }},
      {"/readyz", [&] { return readiness(shell.core()); }},
  };
}

}  // namespace estop::bridge
