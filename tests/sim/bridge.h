// SPDX-License-Identifier: Apache-2.0

// estop-bridge in the simulation: its real shell and core. What this adds is a process around them,
// and an observer of what passes its connections.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "broker-bridge/app/bridge_metrics.h"
#include "broker-bridge/app/bridge_shell.h"
#include "broker-bridge/app/config.h"
#include "tests/sim/loop.h"
#include "tests/sim/observer.h"

namespace estop::sim {

struct BridgeSettings {
  bridge::BridgeConfig config;
  std::array<std::uint8_t, 32> own_seed{};
  schemas::PublicKey control_key{};
  schemas::PublicKey operators_key{};
};

class BridgeProcess : public Process {
 public:
  BridgeProcess(Ground& ground, Broker& broker, Observer& observer, BridgeSettings settings);

  [[nodiscard]] const std::string& id() const noexcept { return settings_.config.id; }
  [[nodiscard]] bool is_open() const { return shell_ != nullptr && shell_->status().is_open; }
  // SIGTERM: leaves, then ends, and is started anew.
  void leave(Nanos down_for);

 private:
  void begin() override;
  void end() override { shell_.reset(); }
  void flush() override;
  void arrives(const std::string& user, const std::string& pattern,
               const Message& message) override;
  void was_handled(const std::string& user, const Message& message) override;
  void sends(const std::string& user, const Message& message) override;
  void subscribes(const std::string& user, const std::string& pattern) override;
  void unsubscribes(const std::string& user, const std::string& pattern) override;
  void logs(daemon::LogLevel level, std::string_view event, daemon::LogFields fields) override;
  void look();
  void disprove_later(const std::string& op_id);

  Observer& observer_;
  BridgeSettings settings_;
  schemas::Subjects subjects_ = schemas::Subjects::standard();
  std::string agents_user_;
  std::string control_user_;
  SimLoop loop_;
  bridge::BridgeMetrics metrics_;
  std::unique_ptr<bridge::BridgeShell> shell_;
  const Message* intent_ = nullptr;  // is being handled
  bool alarmed_ = false;             // since the last look
  Nanos down_for_ = 0;               // after it has left
};

}  // namespace estop::sim
