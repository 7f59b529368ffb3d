// SPDX-License-Identifier: Apache-2.0

// Control's connections on one loop. An account with JetStream, or with agents, has two: trouble of
// the stream does not reach the leases, and messages of agents never stand before an order or a
// receipt.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "broker-bridge/nats/connection.h"
#include "control/app/config.h"

namespace estop::control {

struct BrokerLinks {
  struct Told {
    std::function<void(bool up)> control;             // CONTROL came or went
    std::function<void()> sys;                        // SYS came
    std::function<void(std::string cause)> given_up;  // a credential was refused for good
  };

  // `loop` must outlive this.
  BrokerLinks(nats::Loop& loop, const ControlConfig& config, const ControlIdentity& who,
              const Told& told);

  // In the background if the broker is not there yet.
  schemas::Result<void> connect();
  void close();

  nats::Connection control;             // commands, leases, what bridges say, answers
  nats::Connection log;                 // CONTROL again: what asks JetStream, and the records
  nats::Connection agents;              // orders, bridges' receipts
  nats::Connection service;             // AGENTS again: what agents say, and their answers
  std::optional<nats::Connection> sys;  // where there is a credential for it
};

}  // namespace estop::control
