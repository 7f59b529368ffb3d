// SPDX-License-Identifier: Apache-2.0

// Subjects: builders and parsers agree, and a foreign reply subject is never honoured (H3).
#include "schemas/subjects.h"

#include <gtest/gtest.h>

namespace estop::schemas {
namespace {

const Subjects kSubjects = Subjects::standard();
const Address kMailer = *Address::parse("acme/prod/mailer");
const Address kCampaign = *Address::parse("acme/prod/campaign");
const Instance kOne = *Instance::parse("k3j9x2ab");

TEST(SubjectsTest, AnIntentSubjectParsesBackIntoItsParts) {
  const auto subject = kSubjects.intent(kCampaign, kOne, kMailer, *Action::parse("email.send"));
  EXPECT_EQ(subject.str(), "estop.intent.acme.prod.campaign.k3j9x2ab.acme.prod.mailer.email.send");
  const auto parts = kSubjects.parse_intent(subject.str());
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->sender, "acme.prod.campaign");
  EXPECT_EQ(parts->instance, "k3j9x2ab");
  EXPECT_EQ(parts->sender_instance, "acme.prod.campaign.k3j9x2ab");
  EXPECT_EQ(parts->receiver, "acme.prod.mailer");
  EXPECT_EQ(parts->action, "email.send");
}

TEST(SubjectsTest, TheDeliverySubjectNamesReceiverThenSender) {
  std::string out = "left over";
  kSubjects.deliver(*kSubjects.parse_intent(
                        "estop.intent.acme.prod.campaign.k3j9x2ab.acme.prod.mailer.email.send"),
                    out);
  EXPECT_EQ(out, "estop.deliver.acme.prod.mailer.acme.prod.campaign.email.send");
  const auto parts = kSubjects.parse_deliver(out);
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->receiver, "acme.prod.mailer");
  EXPECT_EQ(parts->sender, "acme.prod.campaign");
}

TEST(SubjectsTest, H64_TheSubjectOfAReplyNamesTheReplier) {
  const auto subject = kSubjects.intent(kMailer, kOne, kCampaign, *Action::parse("email.send"));
  std::string out = "left over";
  kSubjects.reply(*kSubjects.parse_intent(subject.str()), "askerone", "i1", out);
  EXPECT_EQ(out, "estop.inbox.acme.prod.campaign.askerone.reply.i1.acme.prod.mailer");
  const auto parts = kSubjects.parse_inbox(out);
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->address, "acme.prod.campaign");
  EXPECT_EQ(parts->instance, "askerone");
  EXPECT_EQ(parts->kind, kReplyKind);
  EXPECT_EQ(parts->id, "i1");
  EXPECT_EQ(parts->replier, "acme.prod.mailer");
}

// A replier chooses its name: it may be called like a kind, and like an id.
TEST(SubjectsTest, H64_AnInboxIsReadByPosition) {
  const struct {
    const char* subject;
    const char* expected;  // kind, id, replier; empty: none of ours
  } rows[] = {
      {"estop.inbox.a.b.c.k3j9x2ab.reply.i1.x.refused.i2", "reply i1 x.refused.i2"},
      {"estop.inbox.a.b.c.k3j9x2ab.reply.i1.refused.reply.i2", "reply i1 refused.reply.i2"},
      {"estop.inbox.a.reply.c.k3j9x2ab.refused.reply", "refused reply "},
      {"estop.inbox.a.b.c.k3j9x2ab.refused.i1", "refused i1 "},
      {"estop.inbox.a.b.c.k3j9x2ab.rpc.i1", "rpc i1 "},
      {"estop.inbox.a.b.c.k3j9x2ab.reply.i1", ""},
      {"estop.inbox.a.b.c.k3j9x2ab.reply.i1.x.y", ""},
      {"estop.inbox.a.b.c.k3j9x2ab.reply.i1.x.y.z.k3j9x2ab", ""},
      {"estop.inbox.a.b.c.k3j9x2ab.reply.i1.x..z", ""},
      {"estop.inbox.a.b.c.k3j9x2ab.reply.i1.x.y.Z", ""},
      {"estop.inbox.a.b.c.k3j9x2ab.reply.i1.x.y.*", ""},
      {"estop.inbox.a.b.c.k3j9x2ab.reply..x.y.z", ""},
      {"estop.inbox.a.b.c.k3j9x2ab.refused.i1.", ""},
      {"estop.inbox.a.b.c.k3j9x2ab.refused.i1.x.y.z", ""},
      {"estop.inbox.a.b.c.k3j9x2ab.refused", ""},
      {"estop.inbox.a.b.c.short.refused.i1", ""},
      {"estop.inbox.a.b.k3j9x2ab.refused.i1", ""},
      {"estop.inbox.alice.latched.b1", ""},
      {"other.inbox.a.b.c.k3j9x2ab.refused.i1", ""},
      {"", ""},
  };
  for (const auto& row : rows) {
    const auto parts = kSubjects.parse_inbox(row.subject);
    const std::string read = parts ? std::string(parts->kind) + ' ' + std::string(parts->id) + ' ' +
                                         std::string(parts->replier)
                                   : std::string();
    EXPECT_EQ(read, row.expected) << row.subject;
  }
}

TEST(SubjectsTest, H14_WhatIsNoIntentSubjectIsRefused) {
  for (const char* subject :
       {"", "estop", "estop.intent", "estop.intent.", "estop.intent.a.b.c.k3j9x2ab.a.b.c",
        "estop.intent.a.b.c.k3j9x2ab.a.b.c.", "estop.intent.a.b.c.short.a.b.c.x",
        "estop.intent.a.b.c.k3j9x2ab.a.b.>.x", "estop.intent.a.b.c.k3j9x2ab.a..c.x",
        "estop.intent.a.b.C.k3j9x2ab.a.b.c.x", "estop.intent.a.b.c.k3j9x2ab.a.b.c.x y",
        "estop.intents.a.b.c.k3j9x2ab.a.b.c.x", "other.intent.a.b.c.k3j9x2ab.a.b.c.x",
        "estop.intent.a.b.c.k3j9x2ab.a.b.c.1.2.3.4.5.6.7"}) {
    EXPECT_FALSE(kSubjects.parse_intent(subject).has_value()) << subject;
  }
}

TEST(SubjectsTest, H3_OnlyARepyBelowTheAskersOwnInboxIsHonoured) {
  const struct {
    const char* reply;
    bool honoured;
  } cases[] = {
      {"estop.inbox.acme.prod.mailer.k3j9x2ab.rpc.1", true},
      {"estop.inbox.acme.prod.mailer.X-1_z", true},
      {"estop.inbox.acme.prod.mailer", false},
      {"estop.inbox.acme.prod.mailer.", false},
      {"estop.inbox.acme.prod.mailer2.k3j9x2ab.rpc.1", false},
      {"estop.inbox.acme.prod.other.k3j9x2ab.rpc.1", false},
      {"estop.inbox.acme.prod.sender.k3j9x2ab.rpc.1", false},  // as long as the own one
      {"estop.inbox.acme.prod.mailer.a..b", false},
      {"estop.inbox.acme.prod.mailer.>", false},
      {"estop.inbox.acme.prod.mailer.*", false},
      {"estop.inbox.acme.prod.mailer.a b", false},
      {"estop.inbox.acme.prod.mailer.a\r\nPUB x 0", false},
      {"estop.command.alice.kill", false},
      {"estop.control.all", false},
      {"estop.log", false},
      {"$JS.API.STREAM.PURGE.CONTROL", false},
      {"$JS.API.STREAM.DELETE.CONTROL", false},
      {"$SYS.REQ.CLAIMS.UPDATE", false},
      {"_INBOX.x", false},
      {"", false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(kSubjects.honoured_reply(kMailer.tokens(), c.reply).has_value(), c.honoured)
        << c.reply;
  }
  EXPECT_FALSE(kSubjects.honoured_reply("", "estop.inbox.alice.1").has_value());
}

TEST(SubjectsTest, AgentBridgeAndCommandSubjectsParseBack) {
  EXPECT_EQ(kSubjects.parse_agent(kSubjects.beat(kMailer, kOne).str())->instance, "k3j9x2ab");
  EXPECT_EQ(kSubjects.parse_agent(kSubjects.hello(kMailer, kOne).str())->address,
            "acme.prod.mailer");
  EXPECT_FALSE(kSubjects.parse_agent("estop.beat.a.b.c").has_value());
  EXPECT_FALSE(kSubjects.parse_agent("estop.control.a.b.c.k3j9x2ab").has_value());
  EXPECT_EQ(kSubjects.parse_command("estop.command.alice.kill")->actor, "alice");
  EXPECT_EQ(kSubjects.parse_command("estop.command.alice.kill")->verb, "kill");
  EXPECT_EQ(kSubjects.parse_command("estop.command.alice.kill")->reach, Scope::fleet());
  EXPECT_FALSE(kSubjects.parse_command("estop.command.alice").has_value());
  EXPECT_EQ(kSubjects.parse_emergency("estop.emergency.alice")->actor, "alice");
  EXPECT_EQ(kSubjects.parse_bridge("estop.bridge.b1"), "b1");
  EXPECT_EQ(kSubjects.parse_read("estop.read.b1"), "b1");
  EXPECT_FALSE(kSubjects.parse_read("estop.read.b1.x").has_value());
  EXPECT_EQ(kSubjects.parse_receipt("estop.receipt.b1"), "b1");
  EXPECT_FALSE(kSubjects.parse_receipt("estop.receipt.b1.x").has_value());
}

// How far a credential reaches stands where the broker can see it.
TEST(SubjectsTest, AnOrderOfAPartOfTheFleetSaysHowFarItReaches) {
  const Segment alice = *Segment::parse("alice");
  const Segment kill = *Segment::parse("kill");
  for (const char* text : {"acme/*", "acme/prod/*", "acme/prod/x", "acme/prod/x@k3j9x2ab"}) {
    const Scope reach = Scope::parse(text).value();
    EXPECT_EQ(Scope::from_tokens(reach.tokens()).value(), reach);
    const Subject command = kSubjects.command(alice, kill, reach);
    EXPECT_EQ(kSubjects.parse_command(command.str())->actor, "alice");
    EXPECT_EQ(kSubjects.parse_command(command.str())->verb, "kill");
    EXPECT_EQ(kSubjects.parse_command(command.str())->reach, reach) << command.str();
    const Subject emergency = kSubjects.emergency(alice, reach);
    EXPECT_EQ(kSubjects.parse_emergency(emergency.str())->actor, "alice");
    EXPECT_EQ(kSubjects.parse_emergency(emergency.str())->reach, reach) << emergency.str();
  }
  EXPECT_EQ(kSubjects.command(alice, kill, Scope::fleet()).str(), "estop.command.alice.kill");
  for (const char* bad : {"estop.command.alice.kill.", "estop.command.alice.kill..x",
                          "estop.command.alice.kill.a.b.c.d", "estop.command.alice.kill.A",
                          "estop.command.alice.kill.a.b.c.k3j9x2ab.x", "estop.command..kill"}) {
    EXPECT_FALSE(kSubjects.parse_command(bad).has_value()) << bad;
  }
  for (const char* bad : {"estop.emergency.", "estop.emergency.alice.", "estop.emergency.alice.*",
                          "estop.emergency.alice.a.b.c.d"}) {
    EXPECT_FALSE(kSubjects.parse_emergency(bad).has_value()) << bad;
  }
}

TEST(SubjectsTest, AnotherPrefixMakesAnotherEstop) {
  const Subjects other(*Segment::parse("staging"));
  EXPECT_EQ(other.log().str(), "staging.log");
  EXPECT_FALSE(other.parse_command("estop.command.alice.kill").has_value());
}

}  // namespace
}  // namespace estop::schemas
