// SPDX-License-Identifier: Apache-2.0

// A broker, a fake control, and the words to start agents.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <utility>

#include "estop/agent.h"
#include "tests/integration/runtime/fake_control.h"
#include "tests/support/broker.h"
#include "tests/support/wait_until.h"

namespace estop::testing {

class RuntimeTest : public ::testing::Test {
 protected:
  RuntimeTest() = default;
  explicit RuntimeTest(Broker::Options broker) : broker_(std::move(broker)) {}

  AgentOptions options(const std::string& address) {
    AgentOptions made;
    made.address = address;
    made.url = broker_.url();
    made.control_key = control_.key_text();
    return made;
  }
  Agent connect(const std::string& address) { return connect(options(address)); }
  static Agent connect(AgentOptions made) {
    auto agent = Agent::connect(std::move(made));
    EXPECT_TRUE(agent) << agent.error();
    return std::move(agent).value();
  }
  // Answers `echo` until it is asked for more.
  static void serve_echo(Agent& agent) {
    ASSERT_TRUE(agent.handle("echo", [](const Intent& intent, std::stop_token) {
      return Result<Bytes>(intent.payload);
    }));
  }
  // Requests until it works: the subscription of a handler takes a moment.
  static bool reaches(Agent& from, const std::string& to) {
    return wait_until([&] { return from.request(to, "echo", "?", Millis{100}).has_value(); });
  }
  bool receipt_of(const std::string& op_id) {
    return wait_until([&] {
      for (const auto& one : control_.receipts()) {
        if (one.op_id == op_id && !one.grace_exceeded) return true;
      }
      return false;
    });
  }

  Broker broker_;
  FakeControl control_{broker_.url()};
};

}  // namespace estop::testing
