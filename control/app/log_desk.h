// Hands single records of the control log to bridges, which may not ask the stream themselves.
#pragma once

#include <cstdint>
#include <memory>

#include "broker-bridge/nats/connection.h"
#include "broker-bridge/nats/jetstream.h"
#include "schemas/subjects.h"

namespace estop::control {

inline constexpr std::uint64_t kLogReadsMax = 1'024;  // in flight, of all bridges together

class LogDesk {
 public:
  // Both must outlive this; `connection` is control's own in the CONTROL account. On the loop.
  LogDesk(nats::Connection& connection, nats::JetStream& stream, schemas::Subjects subjects);

  // Subscribes. Before the connection connects.
  void listen();

 private:
  void answer(const nats::MessageView& message);

  nats::Connection& connection_;
  nats::JetStream& stream_;
  schemas::Subjects subjects_;
  std::shared_ptr<std::uint64_t> in_flight_ = std::make_shared<std::uint64_t>(0);
};

}  // namespace estop::control
