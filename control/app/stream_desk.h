// SPDX-License-Identifier: Apache-2.0

// Performs what the core wants of the control stream, and brings back what became of it.
#pragma once

#include <functional>

#include "broker-bridge/nats/jetstream.h"
#include "control/app/outbox.h"
#include "control/app/stream_reader.h"
#include "control/core/effects.h"

namespace estop::control {

class StreamDesk {
 public:
  using Handler = std::function<void(const Event&)>;  // later, on the loop

  // All outlive it; `log` sends over the connection of `stream`.
  StreamDesk(nats::JetStream& stream, Outbox& log, schemas::Subjects subjects, Handler handler);

  void perform(const PublishRecord& effect);
  void perform(const ReadStream& effect);
  void perform(const PurgeStream& effect);

 private:
  nats::JetStream& stream_;
  Outbox& log_;
  const schemas::Subjects subjects_;
  const Handler handler_;
  StreamReader reader_;
};

}  // namespace estop::control
