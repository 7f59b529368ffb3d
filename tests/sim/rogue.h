// SPDX-License-Identifier: Apache-2.0

// A hostile agent: the valid credential of one address and a plain broker client. It obeys nothing,
// guesses incarnations, forges receipts and orders, and points reply subjects at control.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "schemas/signing.h"
#include "tests/sim/agent.h"

namespace estop::sim {

class RogueProcess : public Process {
 public:
  RogueProcess(Ground& ground, Broker& broker, AgentSettings settings, std::size_t number);
  ~RogueProcess() override;

 private:
  struct Life {
    nats::Connection connection;
  };

  void begin() override;
  void end() override { life_.reset(); }
  void flush() override { life_->connection.flush(); }
  void go_on();
  void do_harm();
  void announce();
  void send_intent();
  void send_garbage();
  void forge_order();
  void forge_receipt();
  void reflect();

  SimLoop loop_;
  AgentSettings settings_;
  std::size_t number_;
  schemas::SigningKey own_key_;
  schemas::Instance instance_;
  std::uint64_t incarnation_ = 0;  // as control told it last
  std::uint64_t ids_ = 0;
  std::unique_ptr<Life> life_;
};

}  // namespace estop::sim
