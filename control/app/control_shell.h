// SPDX-License-Identifier: Apache-2.0

// Performs the core's effects, on two connections of one loop: CONTROL (commands, log, leases,
// bridges' beats) and AGENTS (agents, receipts). Decides nothing itself. Everything runs on the
// loop's thread, except the recorder's (see RecorderDesk).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "control/app/config.h"
#include "control/app/control_metrics.h"
#include "control/core/control_core.h"
#include "control/recorder/recorder.h"

namespace estop::nats {
class Loop;
}

namespace estop::control {

class ControlShell {
 public:
  // Control cannot go on: `broken` says that the log is not what it was and a start anew has to
  // read it again; otherwise a credential was refused for good.
  using Failed = std::function<void(bool broken, std::string cause)>;

  // `loop` and `metrics` must outlive this.
  ControlShell(nats::Loop& loop, const ControlConfig& config, ControlIdentity identity,
               std::unique_ptr<Recorder> recorder, ControlMetrics& metrics, Failed failed);
  ~ControlShell();  // commits what is queued
  ControlShell(const ControlShell&) = delete;
  ControlShell& operator=(const ControlShell&) = delete;

  // Loads what the recorder kept and connects, in the background if the broker is not there yet.
  schemas::Result<void> start();
  // The last line of the audit; then the loop may end.
  void leave();
  [[nodiscard]] bool is_connected() const;  // to the broker, with both accounts
  [[nodiscard]] const ControlCore& core() const;
  [[nodiscard]] const Recorder& recorder() const;
  [[nodiscard]] Now now() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace estop::control
