#include "control/app/status_pages.h"

namespace estop::control {

namespace {

ops::Page text_page(int status, std::string body) {
  ops::Page page;
  page.status = status;
  page.body = std::move(body);
  return page;
}

ops::Page readiness(const ControlShell& shell) {
  const Ledger& ledger = shell.core().ledger();
  if (!shell.is_connected()) return text_page(503, "not leading: no connection to the broker\n");
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
      {"/readyz", [&] { return readiness(shell); }},
  };
}

}  // namespace estop::control
