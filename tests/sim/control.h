// SPDX-License-Identifier: Apache-2.0

// estop-control in the simulation: its real shell and core. What this adds is a process around
// them, and an observer of what passes its connections.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "control/app/config.h"
#include "control/app/control_metrics.h"
#include "control/app/control_shell.h"
#include "tests/sim/loop.h"
#include "tests/sim/observer.h"
#include "tests/sim/recorder.h"

namespace estop::sim {

struct ControlSettings {
  control::ControlConfig config;
  std::array<std::uint8_t, 32> log_seed{};
  schemas::PublicKey operators_key{};
};

class ControlProcess : public Process {
 public:
  ControlProcess(Ground& ground, Broker& broker, Disk& disk, Observer& observer,
                 ControlSettings settings);

  [[nodiscard]] bool is_leading() const;
  // Processes of bridges, also dead ones, for whose lease a fence would wait.
  [[nodiscard]] std::size_t waits_for_bridges() const;
  [[nodiscard]] Disk* disk() override { return &disk_; }

 private:
  void begin() override;
  void end() override { shell_.reset(); }
  void flush() override;
  void sends(const std::string& user, const Message& message) override;
  void subscribes(const std::string& user, const std::string& pattern) override;
  void logs(daemon::LogLevel level, std::string_view event, daemon::LogFields fields) override;

  Disk& disk_;
  Observer& observer_;
  ControlSettings settings_;
  schemas::Subjects subjects_ = schemas::Subjects::standard();
  SimLoop loop_;
  control::ControlMetrics metrics_;
  std::unique_ptr<control::ControlShell> shell_;
  bool has_failed_ = false;
};

}  // namespace estop::sim
