// SPDX-License-Identifier: Apache-2.0

// estop-bridge in the simulation: the real core, and a shell that performs its effects as
// broker-bridge/app/bridge_shell.cc does.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "broker-bridge/core/bridge_core.h"
#include "tests/sim/loop.h"
#include "tests/sim/observer.h"

namespace estop::sim {

struct BridgeSettings {
  std::string id;
  schemas::Subjects subjects = schemas::Subjects::standard();
  std::array<std::uint8_t, 32> own_seed{};
  schemas::PublicKey control_key{};
  schemas::PublicKey operators_key{};
  Nanos beat = 0;
  Nanos lease = 0;            // in which it forwards
  Nanos unconfirmed_max = 0;  // in which its kernel delivers what was forwarded, or drops it
};

class BridgeProcess : public Process {
 public:
  BridgeProcess(Ground& ground, Broker& broker, Observer& observer, BridgeSettings settings);
  ~BridgeProcess() override;

  [[nodiscard]] const std::string& id() const noexcept { return settings_.id; }
  [[nodiscard]] const bridge::BridgeCore* core() const;  // null: it is not running
  // SIGTERM: leaves, then ends, and is started anew.
  void leave(Nanos down_for);

 private:
  struct Life;

  void begin() override;
  void end() override;
  void flush() override;
  void arm_timer();
  template <class Event>
  void handle(Event&& event);
  void on_log(const nats::MessageView& message);
  void on_emergency(const nats::MessageView& message);
  void on_lease(const nats::MessageView& message);
  void on_intent(const nats::MessageView& message);
  void refuse(const nats::MessageView& message, const bridge::IntentOutcome& outcome);
  void perform(const bridge::SendBeat& send);
  void perform(const bridge::SendReceipt& send);
  void perform(const bridge::TellLatched& tell);
  void perform(const bridge::JoinGroup& join);
  void perform(const bridge::LeaveGroup& leave);
  void perform(const bridge::Replay& range);
  void perform(const bridge::AbandonReplay& abandon);
  void perform(const bridge::Note& note);

  Broker& broker_;
  Observer& observer_;
  BridgeSettings settings_;
  schemas::SigningKey own_key_;
  std::unique_ptr<Life> life_;
};

}  // namespace estop::sim
