// SPDX-License-Identifier: Apache-2.0
#include "control/app/status_pages.h"

namespace estop::control {

namespace {

daemon::Page text_page(int status, std::string body) {
  daemon::Page page;
  page.status = status;
  page.body = std::move(body);
  return page;
}

daemon::Page readiness(const ControlShell& shell) {
  const Ledger& ledger = shell.core().ledger();
  if (!shell.is_connected()) return text_page(503, "not leading: no connection to the broker\n");
  if (ledger.is_leading()) return text_page(200, "leading\n");
  if (ledger.is_blind()) return text_page(503, "not leading: the control log was not read yet\n");
  return text_page(503, "not leading: the control log is not open yet\n");
}

}  // namespace

daemon::StatusServer::Pages status_pages(const ControlShell& shell, ControlMetrics& metrics) {
  return {
      {"/metrics",
       [&] {
         return daemon::Page{200, daemon::Metrics::kContentType,
                             metrics.text(shell.core(), shell.recorder(), shell.now().boot_us)};
       }},
      {"/livez", [] { return text_page(200, "alive\n"); }},
      {"/readyz", [&] { return readiness(shell); }},
  };
}

}  // namespace estop::control
