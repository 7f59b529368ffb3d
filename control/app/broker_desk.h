// SPDX-License-Identifier: Apache-2.0

// The broker port: performs the core's actions at the broker, on control's connections. Answers of
// the stream and the broker become events.
#pragma once

#include <cstdint>
#include <functional>

#include "broker-bridge/nats/jetstream.h"
#include "control/app/agent_desk.h"
#include "control/app/broker_links.h"
#include "control/app/control_metrics.h"
#include "control/app/log_desk.h"
#include "control/app/outbox.h"
#include "control/app/stream_reader.h"
#include "control/core/events.h"
#include "control/core/ports/broker_port.h"

namespace estop::nats {
class Loop;
}

namespace estop::control {

class BrokerDesk {
 public:
  using Handler = std::function<void(const Event&)>;

  // All must outlive this; `handler` is called on the loop. `agents` has a connection of its own:
  // what agents are answered goes out there.
  BrokerDesk(const nats::Loop& loop, BrokerLinks& links, AgentDesk& agents,
             const schemas::Subjects& subjects, ControlMetrics& metrics, Handler handler);

  void listen();  // to bridges that ask for records; once, before the connections are made
  void perform(const BrokerAction& action);

 private:
  void act(const PublishRecord& action);
  void act(const ReadStream& action);
  void act(const PurgeStream& action);
  void act(const PublishToAgents& action);
  void act(const PublishLease& action);
  void act(const Answer& action);
  void act(const ReplyToAgent& action);
  void act(const PublishEvent& action);
  void act(const Flush& action);

  BrokerLinks& links_;
  AgentDesk& agents_;
  const schemas::Subjects& subjects_;
  const Handler handler_;
  Outbox control_out_;
  Outbox log_out_;
  Outbox agents_out_;
  nats::JetStream stream_;
  StreamReader reader_;
  LogDesk log_desk_;
};

}  // namespace estop::control
