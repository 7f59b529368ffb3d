// SPDX-License-Identifier: Apache-2.0

// The bridge's own messages, besides those that it forwards: beats, receipts, answers to operators,
// refusals. A message that could not be sent is counted, and logged once a minute for each kind.
#pragma once

#include "broker-bridge/app/bridge_metrics.h"
#include "broker-bridge/app/config.h"
#include "broker-bridge/core/effects.h"
#include "broker-bridge/nats/connection.h"

namespace estop::bridge {

class Outbox {
 public:
  // All must outlive this. `agents` and `control` are connections on `loop`.
  Outbox(const nats::Loop& loop, const BridgeIdentity& identity, nats::Connection& agents,
         nats::Connection& control, BridgeMetrics& metrics)
      : loop_(loop), identity_(identity), agents_(agents), control_(control), metrics_(metrics) {}

  void send(const schemas::BridgeBeat& beat);
  // Signed, and written before anything else is done. False: the connection did not take it.
  [[nodiscard]] bool send(const SendReceipt& owed);
  void send(const TellLatched& tell);
  // To the sender of the intent.
  void refuse(const IntentOutcome& outcome);

 private:
  void unsent(BridgeMessage what);

  const nats::Loop& loop_;
  const BridgeIdentity& identity_;
  nats::Connection& agents_;
  nats::Connection& control_;
  BridgeMetrics& metrics_;
  nats::Headers refusal_{
      {"Nats-Service-Error-Code", ""}, {"Nats-Service-Error", ""}, {"Estop-Error", ""}};
};

}  // namespace estop::bridge
