// SPDX-License-Identifier: Apache-2.0

// The data plane: takes intents from the queue group, publishes deliveries, sends refusals. The
// core decides which intents pass. Everything runs on the loop's thread.
#pragma once

#include <cstdint>
#include <optional>

#include "broker-bridge/app/bridge_metrics.h"
#include "broker-bridge/app/outbox.h"
#include "broker-bridge/core/bridge_core.h"
#include "broker-bridge/core/contact/arrival.h"
#include "broker-bridge/nats/connection.h"

namespace estop::bridge {

class Intents {
 public:
  // All must outlive this. `agents` and `control` are connections on `loop`.
  Intents(const nats::Loop& loop, const schemas::Subjects& subjects, BridgeCore& core,
          nats::Connection& agents, nats::Connection& control, Outbox& outbox,
          BridgeMetrics& metrics);

  // The queue group.
  void join();
  // `arrived_by`: what was forwarded has to be with the broker by then.
  void leave(Nanos arrived_by);
  // Ends the connection to AGENTS if that time is over and something is still on its way.
  void look_at_arrival();

 private:
  void on_intent(const nats::MessageView& message);
  Nanos look_at_control();
  void count_reply(const nats::MessageView& message);

  const nats::Loop& loop_;
  const schemas::Subjects& subjects_;
  BridgeCore& core_;
  nats::Connection& agents_;
  nats::Connection& control_;
  Outbox& outbox_;
  BridgeMetrics& metrics_;
  Arrival arrival_;
  std::optional<nats::Connection::SubscriptionId> subscription_;
  Nanos looked_at_control_ = 0;
  std::uint64_t batch_ = 0;
};

}  // namespace estop::bridge
