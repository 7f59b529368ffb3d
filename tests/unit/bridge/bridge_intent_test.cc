// SPDX-License-Identifier: Apache-2.0

// What an agent may send into a bridge, as a table. Hazards H2, H14, H15, H17; I10.
#include "tests/unit/bridge/bridge_fixture.h"

namespace estop::bridge {
namespace {

using namespace std::string_literals;

class BridgeIntentTest : public BridgeFixture {
 protected:
  void SetUp() override { run_to_open(); }
  static schemas::Bytes envelope() {
    schemas::IntentHead head;
    head.id = "i1";
    head.payload = "hello";
    return schemas::encode_intent(head).value();
  }
};

TEST_F(BridgeIntentTest, AnIntentGoesToItsReceiverUnderItsSendersName) {
  const IntentOutcome& outcome =
      core.on_intent("estop.intent.acme.prod.x.k3j9x2ab.acme.prod.y.email.send", envelope(), now);
  EXPECT_EQ(outcome.action, IntentOutcome::Action::kForward);
  EXPECT_EQ(outcome.subject, "estop.deliver.acme.prod.y.acme.prod.x.email.send");
}

TEST_F(BridgeIntentTest, AReplyGoesToTheInboxOfTheInstanceThatAsked) {
  schemas::IntentHead head;
  head.id = "i1";
  head.flags = static_cast<std::uint32_t>(schemas::IntentFlag::kReply);
  head.reply_instance = "askerone";
  const IntentOutcome& outcome =
      core.on_intent("estop.intent.acme.prod.y.k3j9x2ab.acme.prod.x.email.send",
                     schemas::encode_intent(head).value(), now);
  EXPECT_EQ(outcome.subject, "estop.inbox.acme.prod.x.askerone.reply.i1.acme.prod.y");
}

TEST_F(BridgeIntentTest, ARequestWhoseReplyWouldGoToAnotherInstanceIsRefused) {
  schemas::IntentHead head;
  head.id = "i1";
  head.flags = static_cast<std::uint32_t>(schemas::IntentFlag::kRequest);
  head.reply_instance = "k3j9x2ab";
  const std::string own = "estop.intent.acme.prod.x.k3j9x2ab.acme.prod.y.email.send";
  const std::string foreign = "estop.intent.acme.prod.x.zzzzzzzz.acme.prod.y.email.send";
  EXPECT_EQ(core.on_intent(own, schemas::encode_intent(head).value(), now).code,
            schemas::Errc::kOk);
  EXPECT_EQ(core.on_intent(foreign, schemas::encode_intent(head).value(), now).code,
            schemas::Errc::kMalformed);
}

TEST_F(BridgeIntentTest, ARefusalGoesToTheSendersOwnInboxAndNowhereElse) {
  live(log.kill("acme/prod/x", "k1"));
  const IntentOutcome& outcome =
      core.on_intent("estop.intent.acme.prod.x.k3j9x2ab.acme.prod.y.email.send", envelope(), now);
  EXPECT_EQ(outcome.subject, "estop.inbox.acme.prod.x.k3j9x2ab.refused.i1");
  EXPECT_EQ(outcome.code, schemas::Errc::kSenderKilled);
  EXPECT_EQ(
      outcome.text,
      "acme/prod/x killed by alice since 2026-11-22T00:25:42Z: broken unsubscribe link (op k1)");
}

TEST_F(BridgeIntentTest, H14H15_ASubjectIsAnIntentOrItIsNothing) {
  live(log.kill("acme/prod/x", "k1"));
  const std::string rest = ".k3j9x2ab.acme.prod.y.email.send";
  struct Row {
    std::string subject;
    std::string expected;
  };
  const Row rows[] = {
      {"estop.intent.acme.prod.x" + rest, "sender-killed"},
      {"estop.intent.acme.prod.z" + rest, "pass"},
      {"estop.intent.Acme.prod.x" + rest, "ignore"},
      {"estop.intent.acme.prod.x " + rest, "ignore"},
      {"estop.intent.acme.prod.x." + rest, "ignore"},
      {"estop.intent.acme/prod/x" + rest, "ignore"},
      {"estop.intent.acme.prod.x\0"s + rest, "ignore"},
      {"estop.intent.acme.prod.x\r\nPUB a 0\r\n"s + rest, "ignore"},
      {"estop.intent.acme.prod.\xc3\xa4" + rest, "ignore"},
      {"estop.intent.acme.prod.*" + rest, "ignore"},
      {"estop.intent.acme..x" + rest, "ignore"},
      {"estop.intent.acme.prod." + std::string(64, 'a') + rest, "ignore"},
      {"estop.intent.acme.prod.z.k3j9x2ab.acme.prod.y", "ignore"},
      {"estop.intent.acme.prod.z.k3j9x2ab.acme.prod.y.>", "ignore"},
      {"estop.intent.acme.prod.z.SHORT.acme.prod.y.a", "ignore"},
      {"estop.deliver.acme.prod.z" + rest, "ignore"},
      {"", "ignore"},
  };
  for (const Row& row : rows)
    EXPECT_EQ(send_raw(row.subject, envelope()), row.expected) << row.subject;
}

TEST_F(BridgeIntentTest, H17_AnEnvelopeThatIsNoneIsRefusedByName) {
  const std::string subject = "estop.intent.acme.prod.x.k3j9x2ab.acme.prod.y.email.send";
  EXPECT_EQ(send_raw(subject, envelope()), "pass");
  for (const std::string& bytes : {""s, "garbage"s, "\xc0"s, envelope() + "x", envelope().substr(1),
                                   std::string(1'000'000, '\x91'), "\xdd\xff\xff\xff\xff"s}) {
    const auto said = send_raw(subject, bytes);
    EXPECT_TRUE(said != "pass" && said != "ignore") << said;
  }
  EXPECT_EQ(core.counters().forwarded, 1U);
  EXPECT_EQ(core.on_intent(subject, "garbage", now).subject,
            "estop.inbox.acme.prod.x.k3j9x2ab.refused.unknown");
}

TEST_F(BridgeIntentTest, WhatTheConnectionDoesNotTakeIsRefusedAndCounted) {
  const std::string subject = "estop.intent.acme.prod.x.k3j9x2ab.acme.prod.y.a";
  ASSERT_EQ(core.on_intent(subject, envelope(), now).action, IntentOutcome::Action::kForward);
  const IntentOutcome& outcome = core.not_forwarded(subject, envelope());
  EXPECT_EQ(outcome.action, IntentOutcome::Action::kRefuse);
  EXPECT_EQ(outcome.code, schemas::Errc::kOverLimit);
  EXPECT_EQ(outcome.subject, "estop.inbox.acme.prod.x.k3j9x2ab.refused.i1");
  EXPECT_EQ(core.counters().forwarded, 0U);
  EXPECT_EQ(core.counters().refused, 1U);
  core.on_disconnected(Account::kAgents, now, effects);
  EXPECT_EQ(core.not_forwarded(subject, envelope()).code, schemas::Errc::kNoContact);
}

}  // namespace
}  // namespace estop::bridge
