// SPDX-License-Identifier: Apache-2.0

// An agent with the runtime library in the simulation: the real obedience core, and what
// agent-runtime/src does with its effects, without threads. It sends intents all the time that it
// may, answers requests, and keeps a checkpoint.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent-runtime/core/obedience.h"
#include "agent-runtime/core/peer_kills.h"
#include "broker-bridge/nats/connection.h"
#include "tests/sim/loop.h"
#include "tests/sim/observer.h"

namespace estop::sim {

struct AgentSettings {
  schemas::Subjects subjects = schemas::Subjects::standard();
  schemas::Address address;
  std::array<std::uint8_t, 32> own_seed{};
  schemas::PublicKey control_key{};
  std::vector<schemas::Address> peers;  // whom it sends to
  Nanos send_every = kSecond;           // on average
};

class AgentProcess : public Process {
 public:
  AgentProcess(Ground& ground, Broker& broker, Observer& observer, AgentSettings settings,
               std::size_t number);
  ~AgentProcess() override;

  [[nodiscard]] const schemas::Address& address() const noexcept { return settings_.address; }
  [[nodiscard]] const schemas::Instance& instance() const noexcept { return instance_; }
  [[nodiscard]] bool is_working() const;
  [[nodiscard]] std::uint64_t delivered() const noexcept { return delivered_; }  // since ever

 private:
  struct Life;

  void begin() override;
  void end() override;
  void flush() override;
  void listen();
  // What the runtime's session does.
  void happen(agent::Event event);
  void wake_later();
  void on_control(const nats::MessageView& view);
  void on_delivery(const nats::MessageView& view);
  void on_inbox(const nats::MessageView& view);
  [[nodiscard]] bool acts(std::uint64_t work_life) const;
  void publish_intent(std::uint64_t work_life, const schemas::Address& to,
                      const schemas::IntentHead& head);
  void perform(const agent::RaiseStop& effect);
  void perform(const agent::LowerStop& effect);
  void perform(const agent::CheckOrder& effect);
  void perform(const agent::StopWork& effect);
  void perform(const agent::StartWork& effect);
  void perform(const agent::RenewLease& effect);
  void perform(const agent::SendHello& effect);
  void perform(const agent::SendBeat& effect);
  void perform(const agent::SendReceipt& effect);
  void perform(const agent::PeerKilled& effect);
  void perform(const agent::PeerResumed& effect);
  void perform(const agent::KeepCheckpoints& effect);
  void perform(const agent::BecomeReady& effect);
  void perform(const agent::EndSession& effect);
  void perform(const agent::Reconnect& effect);
  void perform(const agent::Alarm& effect);
  // What the agent itself does.
  void work_later();
  void send_one();
  void put_checkpoint();

  Broker& broker_;
  Observer& observer_;
  AgentSettings settings_;
  std::size_t number_;
  schemas::SigningKey own_key_;
  schemas::Instance instance_;
  std::uint64_t delivered_ = 0;
  std::uint64_t ids_ = 0;
  std::unique_ptr<Life> life_;
};

}  // namespace estop::sim
