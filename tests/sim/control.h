// SPDX-License-Identifier: Apache-2.0

// estop-control in the simulation: the real core, and a shell that performs its effects as
// control/app/control_shell.cc does.
#pragma once

#include <memory>
#include <string>

#include "control/app/heard.h"
#include "control/app/log_desk.h"
#include "control/app/stream_reader.h"
#include "control/core/control_core.h"
#include "tests/sim/loop.h"
#include "tests/sim/observer.h"
#include "tests/sim/recorder.h"

namespace estop::sim {

struct ControlSettings {
  schemas::Subjects subjects = schemas::Subjects::standard();
  std::array<std::uint8_t, 32> log_seed{};
  control::CoreOptions core;
};

class ControlProcess : public Process {
 public:
  ControlProcess(Ground& ground, Broker& broker, Disk& disk, Observer& observer,
                 ControlSettings settings);
  ~ControlProcess() override;

  [[nodiscard]] bool is_leading() const;

 private:
  struct Life;  // what a kill -9 takes away

  void begin() override;
  void end() override;
  void flush() override;
  [[nodiscard]] control::Now now() const;
  [[nodiscard]] std::string fresh_id();
  void listen();
  void arm_timer();
  void handle(const control::Event& event);
  void hear(const control::Heard& heard);
  void perform(const control::Effects& effects);
  // Metrics, the live feed, credentials: nothing here depends on them.
  template <class Other>
  void perform(const Other&) {}
  void perform(const control::PublishRecord& effect);
  void perform(const control::ReadStream& effect);
  void perform(const control::PublishToAgents& effect);
  void perform(const control::Flush& effect);
  void perform(const control::PublishLease& effect);
  void perform(const control::WriteAudit& effect);
  void perform(const control::Answer& effect);
  void perform(const control::ReplyToAgent& effect);
  void perform(const control::CheckBridgeReceipt& effect);
  void perform(const control::CheckStopped& effect);
  void perform(const control::StoreRecord& effect);
  void perform(const control::PutAgent& effect);
  void perform(const control::ListCheckpoints& effect);
  void perform(const control::Store& effect);
  void perform(const control::WriteSoon& effect);
  void perform(const control::CheckOrder& effect);
  void perform(const control::Alarm& effect);
  void perform(const control::Stop& effect);

  Broker& broker_;
  Disk& disk_;
  Observer& observer_;
  ControlSettings settings_;
  std::uint64_t ids_ = 0;
  std::unique_ptr<Life> life_;
};

}  // namespace estop::sim
