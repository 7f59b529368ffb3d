// SPDX-License-Identifier: Apache-2.0

// A third agent knows the id of a request, and answers in the receiver's place. H64.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/attack/scene.h"

namespace estop::testing {
namespace {

using schemas::IntentFlag;

constexpr const char* kId = "known-id";

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
  static void send(Somebody& from, const Somebody& to, IntentFlag flag,
                   const std::string& reply_instance, const std::string& payload) {
    schemas::IntentHead head;
    head.id = kId;
    head.flags = static_cast<std::uint32_t>(flag);
    head.payload = payload;
    head.reply_instance = reply_instance;
    from.agent.socket().publish(
        fmt::format("estop.intent.{}.{}.{}.email.send", from.address, from.instance, to.address),
        schemas::encode_intent(head).value());
  }
  // The next message on a subject that begins so.
  static std::optional<RawMessage> next_on(Somebody& who, const std::string& subject) {
    while (auto message = who.agent.socket().next_message()) {
      if (message->subject.starts_with(subject)) return message;
    }
    return std::nullopt;
  }
  Scene scene_;
};

TEST_F(AttackReply, H64WhoWasNotAskedCannotAnswer) {
  Somebody asker = enter("asker", "asker001");
  Somebody asked = enter("other", "asked001");
  Somebody third = enter("mallory", "mallory1");
  send(asker, asked, IntentFlag::kRequest, asker.instance, "question");
  ASSERT_TRUE(next_on(asked, "estop.deliver."));
  send(third, asker, IntentFlag::kReply, asker.instance, "forged");
  EXPECT_TRUE(next_on(
      third, fmt::format("estop.inbox.{}.{}.refused.{}", third.address, third.instance, kId)));
  send(asked, asker, IntentFlag::kReply, asker.instance, "true");
  const auto answer = next_on(asker, "estop.inbox." + asker.address + ".");
  ASSERT_TRUE(answer);
  EXPECT_EQ(schemas::decode_intent(answer->data).value().payload, "true");
  EXPECT_EQ(scene_.what_is_broken(), "");
}

}  // namespace
}  // namespace estop::testing
