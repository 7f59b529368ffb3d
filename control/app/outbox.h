// SPDX-License-Identifier: Apache-2.0

// Control's outgoing messages on one connection. It checks whether each message was taken. A
// message that cannot be sent is counted, and logged once a minute for each kind; an answer that is
// too large becomes an error that says what to ask instead. No client waits in silence for a
// message that was never sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "broker-bridge/nats/connection.h"
#include "control/app/control_metrics.h"
#include "control/app/reply_to.h"

namespace estop::control {

class Outbox {
 public:
  // All must outlive this.
  Outbox(const nats::Loop& loop, nats::Connection& link, ControlMetrics& metrics)
      : loop_(loop), link_(link), metrics_(metrics) {}

  // `what` names the kind of message. False: it was not sent, and will not be.
  bool send(Unsent what, const schemas::Subject& subject, std::string_view bytes,
            const nats::Headers& headers = {});
  // To an operator; nothing without a subject.
  void answer(const ReplyTo& reply, const std::string& json);
  // The largest message that can be sent: the credential's bound, or that of a smaller broker. 0
  // while disconnected.
  [[nodiscard]] std::size_t most_bytes() const;

 private:
  void failed(Unsent what, const schemas::Subject& subject, std::size_t bytes);

  const nats::Loop& loop_;
  nats::Connection& link_;
  ControlMetrics& metrics_;
  struct Told {
    std::int64_t at = 0;
    std::uint64_t since = 0;  // not logged
  };
  std::map<Unsent, Told> told_;
};

}  // namespace estop::control
