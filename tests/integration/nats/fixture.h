// SPDX-License-Identifier: Apache-2.0

// Connections of a test on one loop, and the words that the cases use.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>  // before Asio 1.74, which uses std::exchange without it
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

#include "broker-bridge/nats/asio_loop.h"
#include "broker-bridge/nats/connection.h"
#include "tests/support/wait_until.h"

namespace estop::nats {

inline schemas::Segment segment(std::string_view text) {
  return schemas::Segment::parse(text).value();
}
inline schemas::Subjects subjects() {
  return schemas::Subjects::standard();
}
inline schemas::Subject event(std::string_view kind) {
  return subjects().event(segment(kind));
}
inline schemas::Subject inbox(std::string_view owner) {
  return subjects().own_inbox(segment(owner));
}

class OneLoop : public ::testing::Test {
 protected:
  std::unique_ptr<Connection> make(const std::string& url, const std::string& owner,
                                   ConnectionEvents events = {}) {
    ConnectOptions options;
    options.url = url;
    options.name = owner;
    options.ping_interval = Millis(200);
    options.connect_timeout = Millis(1'000);
    options.unanswered_pings_max = unanswered_pings_max_;
    return std::make_unique<Connection>(on_loop_, options, inbox(owner), std::move(events));
  }

  std::unique_ptr<Connection> connected(const std::string& url, const std::string& owner,
                                        ConnectionEvents events = {}) {
    auto made = make(url, owner, std::move(events));
    const auto result = made->connect();
    EXPECT_TRUE(result) << schemas::to_string(result.error());
    return made;
  }

  // Runs the loop until the condition holds.
  template <class Condition>
  [[nodiscard]] bool run_until(Condition&& condition, Millis patience = testing_patience()) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      loop_.restart();
      loop_.run_one_for(Millis(5));
    }
    return true;
  }

  // Until the broker has handled all that `connection` sent: a request to nobody comes back.
  [[nodiscard]] bool settle(Connection& connection) {
    bool back = false;
    connection.request(event("nobody-listens"), {}, Millis(5'000),
                       [&](const auto&) { back = true; });
    return run_until([&] { return back; });
  }

  static Millis testing_patience() { return estop::testing::kPatience; }

  boost::asio::io_context loop_{1};
  AsioLoop on_loop_{loop_};
  int unanswered_pings_max_ = 0;
};

}  // namespace estop::nats
