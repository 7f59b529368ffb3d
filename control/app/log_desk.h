// SPDX-License-Identifier: Apache-2.0

// Hands single records of the control log to bridges, which may not ask the stream themselves.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "broker-bridge/nats/connection.h"
#include "broker-bridge/nats/jetstream.h"
#include "schemas/subjects.h"

namespace estop::control {

inline constexpr std::uint64_t kLogReadsMax = 1'024;  // in flight, of all bridges together

class LogDesk {
 public:
  // Sends an answer; false: it was not sent, which is counted and logged there.
  using Send = std::function<bool(const schemas::Subject&, std::string_view)>;
  // Both must outlive this; `connection` is control's own in the CONTROL account. On the loop.
  LogDesk(nats::Connection& connection, nats::JetStream& stream, schemas::Subjects subjects,
          Send send);

  // Subscribes. Before the connection connects.
  void listen();

 private:
  void answer(const nats::MessageView& message);

  nats::Connection& connection_;
  nats::JetStream& stream_;
  schemas::Subjects subjects_;
  const Send send_;
  std::shared_ptr<std::uint64_t> in_flight_ = std::make_shared<std::uint64_t>(0);
};

}  // namespace estop::control
