// SPDX-License-Identifier: Apache-2.0

// A third agent knows the id of a request, and answers in the receiver's place. H64.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>

#include "estop/agent.h"
#include "tests/attack/scene.h"

namespace estop::testing {
namespace {

using schemas::IntentFlag;

class AttackReply : public ::testing::Test {
 protected:
  struct Somebody {
    std::string address;
    std::string instance;
    RawAgent agent;
  };
  Somebody enter(const std::string& name, const std::string& instance) {
    const auto address = schemas::Address::parse("acme/prod/" + name).value();
    Somebody made{std::string(address.tokens()), instance,
                  scene_.agent(control::AgentRole{address}, instance)};
    EXPECT_EQ(made.agent.hello().code, schemas::Errc::kOk);
    return made;
  }
  static void send(Somebody& from, const std::string& to, IntentFlag flag, std::string_view id,
                   const std::string& reply_instance, const std::string& payload) {
    schemas::IntentHead head;
    head.id = id;
    head.flags = static_cast<std::uint32_t>(flag);
    head.payload = payload;
    head.reply_instance = reply_instance;
    from.agent.socket().publish(
        fmt::format("estop.intent.{}.{}.{}.email.send", from.address, from.instance, to),
        schemas::encode_intent(head).value());
  }
  // The next message on a subject that begins so.
  static std::optional<RawMessage> next_on(Somebody& who, const std::string& subject) {
    while (auto message = who.agent.socket().next_message()) {
      if (message->subject.starts_with(subject)) return message;
    }
    return std::nullopt;
  }
  Agent runtime(const std::string& address) {
    const control::AgentRole role{schemas::Address::parse(address).value()};
    AgentOptions options;
    options.address = address;
    options.url = scene_.site.broker->url();
    options.creds_file = scene_.site.creds(role, control::Account::kAgents);
    options.control_key = scene_.site.data.file("keys/log.pub");
    return Agent::connect(options).value();
  }
  Scene scene_;
};

TEST_F(AttackReply, H64WhoWasNotAskedCannotAnswer) {
  constexpr const char* kId = "known-id";
  Somebody asker = enter("asker", "asker001");
  Somebody asked = enter("other", "asked001");
  Somebody third = enter("mallory", "mallory1");
  send(asker, asked.address, IntentFlag::kRequest, kId, asker.instance, "question");
  ASSERT_TRUE(next_on(asked, "estop.deliver."));
  send(third, asker.address, IntentFlag::kReply, kId, asker.instance, "forged");
  EXPECT_TRUE(next_on(
      third, fmt::format("estop.inbox.{}.{}.refused.{}", third.address, third.instance, kId)));
  send(asked, asker.address, IntentFlag::kReply, kId, asker.instance, "true");
  const auto answer = next_on(asker, "estop.inbox." + asker.address + ".");
  ASSERT_TRUE(answer);
  EXPECT_EQ(schemas::decode_intent(answer->data).value().payload, "true");
  EXPECT_TRUE(answer->subject.ends_with(fmt::format(".reply.{}.{}", kId, asked.address)));
  EXPECT_EQ(scene_.what_is_broken(), "");
}

// The bridge that did not see the request lets the forged reply pass, in the name of who sent it.
TEST_F(AttackReply, H64AReplyThroughAnotherBridgeIsNotTakenFromAStranger) {
  const daemon::ChildProcess other = scene_.site.spawn_bridge("b2", "b2");
  ASSERT_TRUE(scene_.site.is_open("b2")) << scene_.site.log("b2");
  Somebody asked = enter("other", "asked001");
  Somebody third = enter("mallory", "mallory1");
  std::atomic<bool> answered{false};
  std::string answer;
  Agent asker = runtime("acme/prod/asker");
  asker.request_async("acme/prod/other", "email.send", "question", kPatience,
                      [&](const Result<Bytes>& one) {
                        answer = one ? *one : to_string(one.error());
                        answered = true;
                      });
  const auto question = next_on(asked, "estop.deliver.");
  ASSERT_TRUE(question);
  const std::string id(schemas::decode_intent(question->data).value().id);
  EXPECT_TRUE(wait_until([&] {
    send(third, "acme.prod.asker", IntentFlag::kReply, id, asker.instance(), "forged");
    return asker.stats().foreign_replies > 0;
  }));
  EXPECT_FALSE(answered) << answer;
  send(asked, "acme.prod.asker", IntentFlag::kReply, id, asker.instance(), "true");
  EXPECT_TRUE(wait_until([&] { return answered.load(); }));
  EXPECT_EQ(answer, "true");
  asker.leave();
  EXPECT_EQ(scene_.what_is_broken(), "");
}

}  // namespace
}  // namespace estop::testing
