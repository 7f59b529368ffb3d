#include "broker-bridge/app/status_pages.h"

#include "broker-bridge/core/bridge_core.h"
#include "broker-bridge/ops/boot_clock.h"

namespace estop::bridge {
namespace {

ops::Page readiness(const BridgeCore& core) {
  ops::Page page;
  if (core.is_open(ops::boot_ns())) {
    page.body = "open\n";
    return page;
  }
  page.status = 503;
  page.body = "closed: " + (core.reason().empty() ? "its lease is over" : core.reason()) + "\n";
  return page;
}

}  // namespace

ops::StatusServer::Pages status_pages(const BridgeShell& shell, BridgeMetrics& metrics) {
  return {
      {"/metrics",
       [&] {
         return ops::Page{200, ops::Metrics::kContentType,
                          metrics.text(shell.core(), ops::boot_ns())};
       }},
      {"/livez",
       [] {
         ops::Page page;
         page.body = "alive\n";
         return page;
       }},
      {"/readyz", [&] { return readiness(shell.core()); }},
  };
}

}  // namespace estop::bridge
