// SPDX-License-Identifier: Apache-2.0

// A bridge names the replier to the asker, and refuses whom it knows not to be asked. H64.
#include "tests/unit/bridge/bridge_fixture.h"

namespace estop::bridge {
namespace {

using schemas::IntentFlag;

class BridgeReplyTest : public BridgeFixture {
 protected:
  void SetUp() override { run_to_open(); }
  static std::string request(BridgeAtHand& bridge, const std::string& to,
                             const std::string& id = "i1") {
    return one(bridge, "acme/prod/asker", "askerone", to, IntentFlag::kRequest, id);
  }
  static std::string reply(BridgeAtHand& bridge, const std::string& from,
                           const std::string& id = "i1") {
    return one(bridge, from, "replier1", "acme/prod/asker", IntentFlag::kReply, id);
  }

  static std::string one(BridgeAtHand& bridge, const std::string& from, const std::string& instance,
                         const std::string& to, IntentFlag flag, const std::string& id) {
    schemas::IntentHead head;
    head.id = id;
    head.flags = static_cast<std::uint32_t>(flag);
    head.reply_instance = "askerone";
    const auto subject = schemas::Subjects::standard().intent(
        schemas::Address::parse(from).value(), schemas::Instance::parse(instance).value(),
        schemas::Address::parse(to).value(), schemas::Action::parse("email.send").value());
    return bridge.send_raw(subject.str(), schemas::encode_intent(head).value());
  }
};

TEST_F(BridgeReplyTest, H64_OnlyWhoWasAskedAnswers) {
  ASSERT_EQ(request(*this, "acme/prod/y"), "pass");
  EXPECT_EQ(reply(*this, "acme/prod/mallory"), "not-permitted");
  EXPECT_EQ(reply(*this, "acme/prod/y"), "pass");
  EXPECT_EQ(reply(*this, "acme/prod/mallory"), "not-permitted") << "also afterwards";
  EXPECT_EQ(core.counters().refused, 2U);
}

TEST_F(BridgeReplyTest, OneIdThatWasAskedOfTwoIsAnsweredByBoth) {
  ASSERT_EQ(request(*this, "acme/prod/y"), "pass");
  ASSERT_EQ(request(*this, "acme/prod/z"), "pass");
  EXPECT_EQ(reply(*this, "acme/prod/y"), "pass");
  EXPECT_EQ(reply(*this, "acme/prod/z"), "pass");
  EXPECT_EQ(reply(*this, "acme/prod/mallory"), "not-permitted");
}

TEST_F(BridgeReplyTest, ARequestThatWasRefusedIsNotRemembered) {
  live(log.kill("acme/prod/y", "k1"));
  ASSERT_EQ(request(*this, "acme/prod/y"), "receiver-killed");
  EXPECT_EQ(reply(*this, "acme/prod/z"), "pass") << "another bridge may have forwarded it";
}

TEST_F(BridgeReplyTest, WhatIsForgottenPasses) {
  ASSERT_EQ(request(*this, "acme/prod/y"), "pass");
  now += Asked::kRememberedFor + 1;
  lease();
  run_to_open();
  EXPECT_EQ(reply(*this, "acme/prod/mallory"), "pass");
}

TEST_F(BridgeReplyTest, ManyRequestsAreRememberedAndTheNewestAlways) {
  constexpr int kMany = 4 * static_cast<int>(Asked::kRequestsMax);
  Asked asked(1);
  schemas::IntentHead head;
  head.flags = static_cast<std::uint32_t>(IntentFlag::kRequest);
  schemas::IntentSubject question;
  question.sender = "acme.prod.asker";
  question.instance = "askerone";
  question.receiver = "acme.prod.y";
  schemas::IntentSubject forged;
  forged.sender = "acme.prod.mallory";
  forged.receiver = "acme.prod.asker";
  head.reply_instance = "askerone";
  std::string id;
  for (int i = 0; i < kMany; ++i) {
    head.id = id = "i" + std::to_string(i);
    asked.remember(asked.request(question, head, i));
    EXPECT_FALSE(asked.may_answer(forged, head, i)) << i;
  }
}

// Two bridges share the intents: the reply may pass the one that did not see the request. It names
// the stranger there, so the asker does not take it.
TEST_F(BridgeReplyTest, H64_WithTwoBridgesTheOtherOneNamesTheStranger) {
  BridgeAtHand other;
  other.run_to_open();
  ASSERT_EQ(request(*this, "acme/prod/y"), "pass");
  for (const char* replier : {"mallory", "y"}) {
    EXPECT_EQ(reply(other, std::string("acme/prod/") + replier), "pass");
    EXPECT_EQ(other.forwarded_to,
              std::string("estop.inbox.acme.prod.asker.askerone.reply.i1.acme.prod.") + replier);
  }
}

// What it writes of itself is no name: the sender is that of the subject, which the broker checked.
TEST_F(BridgeReplyTest, H64_TheReplierIsTheSenderWhateverTheMessageSays) {
  ASSERT_EQ(one(*this, "acme/prod/mallory", "askerone", "acme/prod/asker", IntentFlag::kReply,
                "acme-prod-y"),
            "pass");
  EXPECT_EQ(forwarded_to,
            "estop.inbox.acme.prod.asker.askerone.reply.acme-prod-y.acme.prod.mallory");
}

}  // namespace
}  // namespace estop::bridge
