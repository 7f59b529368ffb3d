// SPDX-License-Identifier: Apache-2.0

// A kill that does not give up: connects, sends, listens, and repeats all of it until control has
// reported everything or the time is over. Private to Session.
//
// The order may go out any number of times: its op id makes it one.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker-bridge/nats/blocking.h"
#include "control/cli/identity.h"
#include "control/cli/session.h"
#include "schemas/messages.h"
#include "schemas/order.h"
#include "schemas/result.h"

namespace estop::cli {

class Insistence {
 public:
  // The arguments must outlive this. `client` is not connected yet, or was by an earlier kill.
  Insistence(nats::BlockingClient& client, const schemas::Subjects& subjects,
             const Identity& identity, const std::string& url_hint);
  ~Insistence();
  // See Session::kill. Once.
  schemas::Result<void> run(const schemas::Record& kill, const std::string& json,
                            nats::Millis timeout, const KillEvents& events);

 private:
  using Clock = std::chrono::steady_clock;
  struct Talk;

  void listen_to_bridges(const std::string& op_id);
  // Blocks until connected. An error ends the kill.
  schemas::Result<void> connect();
  void send(const std::string& json);
  // Waits until control has reported everything, or the kill has to be sent again.
  void wait();
  void tell_latched();
  [[nodiscard]] nats::Millis left() const;
  [[nodiscard]] schemas::Result<void> outcome();

  nats::BlockingClient& client_;
  const schemas::Subjects& subjects_;
  const Identity& identity_;
  const std::string& url_hint_;
  const KillEvents* events_ = nullptr;
  std::optional<schemas::SignedOrder> order_;
  nats::Connection::SubscriptionId latched_inbox_ = 0;
  std::vector<std::string> latched_;  // not reported yet
  Clock::time_point end_;
  std::shared_ptr<Talk> talk_;
  bool is_sent_ = false;
  Clock::time_point sent_at_;  // first
  std::string why_not_;        // why it is not connected
  std::string refused_;        // by the broker
};

}  // namespace estop::cli
