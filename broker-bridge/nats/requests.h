// SPDX-License-Identifier: Apache-2.0

// Requests: one short-lived subscription each, one timer for all. Internal.
//
// They do not share one subscription: for a synchronous one nats.c swallows the broker's "no
// responders" answer and reports only that there was one, not on which subject.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "broker-bridge/nats/connection.h"
#include "broker-bridge/nats/wire.h"

namespace estop::nats {

class Requests : public std::enable_shared_from_this<Requests> {
 public:
  // `inbox`: the pattern of the Connection's own inbox.
  Requests(boost::asio::io_context& loop, const std::string& inbox, std::shared_ptr<Wire> wire);

  void ask(const std::string& subject, std::string_view data, Millis timeout,
           const Headers& headers, Connection::StreamHandler handler);
  void fail_all(const std::string& reason);  // contact is lost
  void close();                              // drops them without a call

 private:
  using Clock = std::chrono::steady_clock;

  struct Request {
    Connection::SubscriptionId subscription = 0;
    Clock::time_point deadline;
    Connection::StreamHandler handler;
  };

  void answer(std::uint64_t id, schemas::Result<MessageView> result);
  void finish(std::uint64_t id);
  void arm_timer();
  void expire();

  boost::asio::io_context& loop_;
  const std::shared_ptr<Wire> wire_;
  const std::string replies_;  // the beginning of every reply subject
  std::unordered_map<std::uint64_t, Request> requests_;
  std::multimap<Clock::time_point, std::uint64_t> deadlines_;
  std::optional<boost::asio::steady_timer> timer_;  // until close()
  std::uint64_t last_ = 0;
};

}  // namespace estop::nats
