// SPDX-License-Identifier: Apache-2.0
#include "control/app/status_pages.h"

#include "broker-bridge/daemon/status_pages.h"

namespace estop::control {

namespace {

daemon::HttpAnswer readiness(const ControlShell& shell) {
  using daemon::text_answer;
  const Ledger& ledger = shell.core().ledger();
  if (!shell.is_connected()) return text_answer(503, "not leading: no connection to the broker");
  if (ledger.is_leading()) return text_answer(200, "leading");
  if (ledger.is_blind()) return text_answer(503, "not leading: the control log was not read yet");
  return text_answer(503, "not leading: the control log is not open yet");
}

}  // namespace

daemon::HttpRoutes status_pages(const ControlShell& shell, ControlMetrics& metrics) {
  return daemon::status_pages(
      [&] { return metrics.text(shell.core(), shell.recorder(), shell.now().boot_us); },
      [&] { return readiness(shell); });
}

}  // namespace estop::control
