#include "control/app/status_pages.h"

#include <cstdio>
#include <fstream>

namespace estop::control {

namespace {

ops::Page text_page(int status, std::string body) {
  ops::Page page;
  page.status = status;
  page.body = std::move(body);
  return page;
}

ops::Page readiness(const Ledger& ledger) {
  if (ledger.is_leading()) return text_page(200, "leading\n");
  if (ledger.is_blind()) return text_page(503, "not leading: the control log was not read yet\n");
  return text_page(503, "not leading: the control log is not open yet\n");
}

}  // namespace

ops::StatusServer::Pages status_pages(const ControlShell& shell, ControlMetrics& metrics) {
  return {
      {"/metrics",
       [&] {
         return ops::Page{200, ops::Metrics::kContentType,
                          metrics.text(shell.core(), shell.recorder(), shell.now().boot_us)};
       }},
      {"/livez", [] { return text_page(200, "alive\n"); }},
      {"/readyz", [&] { return readiness(shell.core().ledger()); }},
  };
}

schemas::Result<void> write_ready_file(const std::string& path, std::uint16_t port) {
  const std::string half = path + ".new";
  std::ofstream(half) << port << '\n' << std::flush;
  if (std::rename(half.c_str(), path.c_str()) == 0) return {};
  return schemas::fail(schemas::Errc::kBadArgument, "--ready-file: cannot write " + path);
}

}  // namespace estop::control
