#include "broker-bridge/app/status_pages.h"

#include <cstdio>
#include <fstream>

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

schemas::Result<void> write_ready_file(const std::string& path, std::uint16_t port) {
  const std::string half = path + ".new";
  std::ofstream(half) << port << '\n' << std::flush;
  if (std::rename(half.c_str(), path.c_str()) == 0) return {};
  return schemas::fail(schemas::Errc::kBadArgument, "--ready-file: cannot write " + path);
}

}  // namespace estop::bridge
