// SPDX-License-Identifier: Apache-2.0

// Performs the core's effects, on two connections of one loop: AGENTS (intents, deliveries,
// receipts) and CONTROL (log, leases, beats). Decides nothing itself. Everything runs on the loop's
// thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "broker-bridge/app/config.h"
#include "broker-bridge/core/bridge_status.h"

namespace estop::nats {
class Loop;
}

namespace estop::bridge {

class BridgeMetrics;

class BridgeShell {
 public:
  struct Events {
    std::function<void()> left;  // the clean stop is complete
    // The bridge can never open: its credential was refused or revoked.
    std::function<void(std::string cause)> failed;
  };
  // `loop` and `metrics` must outlive this.
  BridgeShell(nats::Loop& loop, const BridgeConfig& config, BridgeIdentity identity,
              BridgeMetrics& metrics, Events events);
  ~BridgeShell();
  BridgeShell(const BridgeShell&) = delete;
  BridgeShell& operator=(const BridgeShell&) = delete;

  // Connects, in the background if the broker is not there yet.
  schemas::Result<void> start();
  // Leaves the queue group, says so to control, writes what is buffered (at most a second), then
  // `left`.
  void leave();
  [[nodiscard]] BridgeStatus status() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace estop::bridge
