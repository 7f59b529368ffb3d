// SPDX-License-Identifier: Apache-2.0

// Reply reflection: what the broker, control and the bridge answer must not go where the asker
// points. The broker does not check the reply subject of an allowed publish.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "control/auth/claims.h"
#include "tests/attack/built_subjects.h"
#include "tests/attack/scene.h"
#include "tests/support/forged.h"

namespace estop::testing {
namespace {

using control::Account;

struct Said {
  std::string subject;
  std::string data;
};

std::string intent(const char* id, std::uint64_t incarnation, std::uint32_t flags = 0,
                   const char* reply_instance = "") {
  schemas::IntentHead head;
  head.id = id;
  head.incarnation = incarnation;
  head.flags = flags;
  head.reply_instance = reply_instance;
  return encode_intent(head).value();
}

// Everything that makes control or a bridge answer, forward or refuse.
std::vector<Said> all_that_an_agent_says(const RawAgent& agent) {
  schemas::Beat beat;
  beat.process = "process1";
  const std::string to_killed = agent.subject("intent") + ".acme.prod.killed.email.send";
  return {{agent.subject("hello"), encode(some_hello()).value()},
          {agent.subject("beat"), encode(beat).value()},
          {agent.subject("beat"), "garbage"},
          {agent.subject("checkpoint"), forged(schemas::StoreRequest{})},
          {agent.subject("checkpoint"),
           encode(schemas::StoreRequest{schemas::StoreOp::kGet, "k", 0, 0, ""}).value()},
          {agent.subject("stopped"), "garbage"},
          {agent.subject("work") + ".ask", "garbage"},
          {agent.intent_subject(), intent("i1", 0)},
          {agent.intent_subject(), intent("i2", 99)},
          {agent.intent_subject(), intent("i3", 0, 1, "k3j9x2ab")},
          {agent.intent_subject(), "garbage"},
          {to_killed, intent("i4", 0)}};
}

TEST(AttackReflection, H3NobodyAnswersAnAgentOutsideItsInbox) {
  Scene scene;
  scene.site.kill("acme/prod/killed", {{"wait", {"fenced", "durable"}}});
  RawAgent attacker = scene.agent(mallory(), "k3j9x2ab");
  ASSERT_EQ(attacker.hello().code, schemas::Errc::kOk);
  const std::string before = scene.state();
  Canary in_agents = scene.canary(Account::kAgents);
  Canary in_control = scene.canary(Account::kControl);
  for (const Said& said : all_that_an_agent_says(attacker)) {
    for (const std::string& reply : every_target()) {
      if (!has_wildcard(reply)) attacker.socket().publish(said.subject, said.data, reply);
    }
    attacker.settle();
  }
  const auto own = lists_of({mallory(), Account::kAgents});
  EXPECT_EQ(in_agents.unexpected(usual_in(Account::kAgents) + own.publish +
                                 std::vector<std::string>{"estop.inbox.acme.prod.mallory.>",
                                                          "estop.deliver.acme.prod.mallory.>"}),
            std::vector<std::string>{});
  EXPECT_EQ(in_control.unexpected(usual_in(Account::kControl)), std::vector<std::string>{});
  EXPECT_EQ(scene.state(), before);
  EXPECT_EQ(scene.what_is_broken(), "");
}

TEST(AttackReflection, H3ControlAnswersAnOperatorOnlyInHisInbox) {
  Scene scene;
  const std::string before = scene.state();
  Canary in_control = scene.canary(Account::kControl);
  std::vector<std::string> expected = usual_in(Account::kControl);
  for (const Seat& seat : hostile_seats()) {
    const std::string name = control::name(seat.role);
    const bool is_person = name.starts_with("operator-") || name.starts_with("viewer-");
    if (!is_person) continue;
    const std::string own = "estop.inbox." + name.substr(name.find('-') + 1);
    expected = expected + lists_of(seat).publish + std::vector<std::string>{own + ".>"};
    RawNats attacker = scene.enter(seat);
    attacker.subscribe(own + ".>", 1);
    for (const std::string& pattern : lists_of(seat).publish) {
      if (pattern.find(".emergency.") != std::string::npos) continue;
      const std::string subject = has_wildcard(pattern) ? "estop.command.carol.revoke" : pattern;
      for (const std::string& reply : every_target()) {
        if (!has_wildcard(reply)) attacker.publish(subject, R"({"limit":0})", reply);
      }
    }
    const std::string last = own + ".last";
    attacker.publish("estop.command" + own.substr(own.rfind('.')) + ".status", "", last);
    auto message = attacker.next_message();
    while (message && message->subject != last) message = attacker.next_message();
    EXPECT_TRUE(message.has_value()) << name;
  }
  EXPECT_EQ(in_control.unexpected(expected), std::vector<std::string>{});
  EXPECT_EQ(scene.state(), before);
  EXPECT_EQ(scene.what_is_broken(), "");
}

}  // namespace
}  // namespace estop::testing
