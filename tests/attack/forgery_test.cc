// SPDX-License-Identifier: Apache-2.0

// Forged and replayed control records, foreign incarnations, and what a stolen bridge's credential
// can do to the log. The forger has full rights in the account: signatures alone must hold.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "schemas/order.h"
#include "tests/attack/scene.h"
#include "tests/support/forged.h"

namespace estop::testing {
namespace {

using control::Account;
using schemas::KeyRole;
using schemas::Record;
using schemas::RecordKind;
using schemas::SigningKey;

class AttackForgery : public ::testing::Test {
 protected:
  AttackForgery() { EXPECT_EQ(agent_.hello().code, schemas::Errc::kOk); }

  // Live on the log, without the stream: it refuses the sequence, and the bridges hear it anyway.
  void say_on_log(const std::string& frame) {
    const std::string headers = "NATS/1.0\r\nNats-Expected-Last-Sequence: 999999\r\n\r\n";
    in_control_.socket().send(fmt::format("HPUB estop.log {} {}\r\n{}{}\r\n", headers.size(),
                                          headers.size() + frame.size(), headers, frame));
  }
  // Wherever somebody takes records or orders.
  void say_everywhere(const std::string& frame) {
    say_on_log(frame);
    for (const char* subject :
         {"estop.lease", "estop.bridge.b1", "estop.emergency.alice", "estop.emergency.bob",
          "estop.inbox.b1.x", "estop.inbox.control.x"}) {
      in_control_.socket().publish(subject, frame);
    }
    for (const char* subject : {"estop.control.all", "estop.control.acme.prod.mallory",
                                "estop.receipt.b1", "estop.inbox.control.x", "estop.inbox.b1.x"}) {
      in_agents_.socket().publish(subject, frame);
    }
    EXPECT_TRUE(in_control_.socket().sync().errors.empty());
    EXPECT_TRUE(in_agents_.socket().sync().errors.empty());
    agent_.settle();
  }
  // Bridges latch a kill on sight and take it back when its signature turns out to be bad.
  [[nodiscard]] bool passes(std::uint64_t incarnation) {
    return scene_.site.until([&] { return agent_.intent(incarnation) == "delivered"; });
  }
  // The newest record on the log, as it was published.
  [[nodiscard]] std::string captured() {
    std::string frame;
    for (const RawMessage& message : in_control_.heard()) {
      if (message.subject == "estop.log") frame = message.data;
    }
    return frame;
  }

  static Record kill(const std::string& op_id) {
    Record record;
    record.op_id = op_id;
    record.kill().scope = schemas::Scope::parse("acme/prod/mallory").value();
    record.actor.name = "alice";
    record.reason = "forged";
    return record;
  }
  static Record resume(const std::string& op_id, const std::string& lifted) {
    Record record = kill(op_id);
    record.body = schemas::Resume{.scope = record.scope()};
    record.resume().lifts = {lifted};
    record.resume().incarnation = 99;
    return record;
  }

  Scene scene_;
  RawAgent agent_ = scene_.agent(mallory(), "k3j9x2ab");
  Canary in_agents_ = scene_.canary(Account::kAgents);
  Canary in_control_ = scene_.canary(Account::kControl);
};

TEST_F(AttackForgery, H30H31AForgedKillStopsNobodyForLong) {
  const std::string before = scene_.state();
  const SigningKey wrong = SigningKey::generate(KeyRole::kUser);
  const std::string forged = sign_record(kill("forged-1"), wrong).value().frame;
  for (const std::string& frame : {forged, without_signature(forged), forged.substr(0, 40)}) {
    say_everywhere(frame);
    EXPECT_TRUE(passes(0));
  }
  EXPECT_EQ(scene_.state(), before);
  EXPECT_EQ(scene_.what_is_broken(), "");
}

// A resume acts only in its place of the committed log: not even control's own signature helps.
TEST_F(AttackForgery, H27H30AForgedResumeOpensNothing) {
  scene_.site.kill("acme/prod/mallory", {{"op_id", "real"}, {"wait", {"fenced", "durable"}}});
  const std::string before = scene_.state();
  const SigningKey wrong = SigningKey::generate(KeyRole::kUser);
  const SigningKey log_key = control::open_log_key(scene_.site.data.path().string()).value();
  Record old_epoch = resume("forged-2", "real");
  Record next = resume("forged-3", "real");
  next.epoch = next.term = 1;
  next.seq = 1'000;
  for (const std::string& frame :
       {sign_record(next, wrong).value().frame,
        without_signature(sign_record(next, wrong).value().frame),
        sign_record(old_epoch, log_key).value().frame, sign_record(next, log_key).value().frame}) {
    say_everywhere(frame);
    EXPECT_EQ(agent_.intent(0), "refused");
    EXPECT_EQ(agent_.intent(99), "refused");
  }
  EXPECT_EQ(scene_.state(), before);
}

TEST_F(AttackForgery, H27H28H31ReplayedRecordsHaveNoEffect) {
  (void)captured();
  scene_.site.kill("acme/prod/mallory", {{"op_id", "k1"}, {"wait", {"fenced", "durable"}}});
  const std::string old_kill = captured();
  scene_.site.resume("acme/prod/mallory");
  const std::string old_resume = captured();
  ASSERT_NE(old_kill, old_resume);
  const std::uint64_t life = agent_.hello().incarnation;
  ASSERT_EQ(agent_.intent(life), "delivered");
  std::string before = scene_.state();
  say_everywhere(old_kill);  // lifted already
  EXPECT_EQ(agent_.intent(life), "delivered");
  EXPECT_TRUE(agent_.hello().latches.empty());
  EXPECT_EQ(scene_.state(), before);

  scene_.site.kill("acme/prod/mallory", {{"op_id", "k2"}, {"wait", {"fenced", "durable"}}});
  before = scene_.state();
  say_everywhere(old_resume);  // of another kill
  EXPECT_EQ(agent_.intent(life), "refused");
  EXPECT_EQ(scene_.state(), before);
}

TEST_F(AttackForgery, H31AnOrderReplayedAfterItsResumeHasNoEffect) {
  scene_.site.emergency("acme/prod/mallory", "signed-1");
  ASSERT_TRUE(scene_.site.until([&] { return scene_.site.kills_in_force() == 1; }));
  std::string order;
  for (const RawMessage& message : in_control_.heard()) {
    if (message.subject == "estop.emergency.alice") order = message.data;
  }
  ASSERT_FALSE(order.empty());
  scene_.site.resume("acme/prod/mallory");
  const std::uint64_t life = agent_.hello().incarnation;
  ASSERT_TRUE(passes(life));
  const std::string before = scene_.state();
  RawNats alice = scene_.enter({operator_(), Account::kControl});
  alice.publish("estop.emergency.alice", order);
  ASSERT_TRUE(alice.sync().errors.empty());
  say_everywhere(order);
  EXPECT_EQ(agent_.intent(life), "delivered");
  EXPECT_EQ(scene_.state(), before);
  EXPECT_EQ(scene_.what_is_broken(), "");
}

// A kind, mode or version that nobody knows, signed by anybody: it closed every bridge for good.
TEST_F(AttackForgery, H54AnOrderThatNobodyUnderstandsClosesNoBridge) {
  const std::string before = scene_.state();
  const SigningKey wrong = SigningKey::generate(KeyRole::kUser);
  Record strange = kill("o");
  strange.body = schemas::Skipped{static_cast<schemas::RecordKind>(99)};
  strange.reason.clear();
  Record odd = kill("o");
  odd.kill().mode = static_cast<schemas::KillMode>(9);
  RawNats alice = scene_.enter({operator_(), Account::kControl});
  for (const std::string& record : {forged_record(strange, wrong), forged_record(odd, wrong),
                                    forged_record(kill("o"), wrong, of_another_version),
                                    without_signature(forged_record(odd, wrong)),
                                    std::string("garbage"), std::string(64 * 1024, 'x')}) {
    alice.publish("estop.emergency.alice", forged_order(record, ""));
    alice.publish("estop.emergency.alice", record);
    EXPECT_TRUE(alice.sync().errors.empty());
    say_everywhere(record);
  }
  EXPECT_TRUE(passes(0));
  EXPECT_EQ(scene_.state(), before);
  EXPECT_EQ(scene_.what_is_broken(), "");
}

// An order goes out under its sender's own name, whatever else he signs.
TEST_F(AttackForgery, H30AnOrderInAnotherNameStopsNobody) {
  const std::string before = scene_.state();
  const std::string own = scene_.creds({operator_(), Account::kControl});
  Record as_bob = kill("signed-2");
  as_bob.actor.name = "bob";
  const auto order = schemas::sign_order(as_bob, own);
  ASSERT_TRUE(order) << order.error();
  RawNats alice = *RawNats::connect(scene_.site.broker->port(), own);
  alice.publish("estop.emergency.alice", order->frame);
  EXPECT_TRUE(alice.sync().errors.empty());
  agent_.settle();
  EXPECT_TRUE(passes(0));
  EXPECT_EQ(scene_.state(), before);
  EXPECT_EQ(scene_.what_is_broken(), "");
}

// H52, H15: only the incarnation of the newest resume passes.
TEST_F(AttackForgery, H52ForeignIncarnationsAreRefused) {
  scene_.site.kill("acme/prod/other", {{"wait", {"fenced", "durable"}}});
  scene_.site.resume("acme/prod/other");
  const std::uint64_t others =
      scene_.agent(control::AgentRole{*schemas::Address::parse("acme/prod/other")}, "k3j9x2ab")
          .hello()
          .incarnation;
  ASSERT_GT(others, 0U);
  for (const std::uint64_t foreign : {others, std::uint64_t{1}, ~std::uint64_t{0}}) {
    EXPECT_EQ(agent_.intent(foreign), "refused") << foreign;
  }
  EXPECT_EQ(agent_.intent(0), "delivered");
  scene_.site.kill("acme/prod/mallory", {{"wait", {"fenced", "durable"}}});
  scene_.site.resume("acme/prod/mallory");
  const std::uint64_t own = agent_.hello().incarnation;
  for (const std::uint64_t foreign :
       {std::uint64_t{0}, others, own - 1, own + 1, ~std::uint64_t{0}}) {
    EXPECT_EQ(agent_.intent(foreign), "refused") << foreign;
  }
  EXPECT_EQ(agent_.intent(own), "delivered");
}

// H11: a runtime that was patched to obey nothing: it hears its kill, goes on, and reaches nobody.
TEST_F(AttackForgery, H11ALifeThatObeysNothingReachesNobody) {
  scene_.site.kill("acme/prod/mallory", {{"wait", {"fenced", "durable"}}});
  (void)in_agents_.heard();
  constexpr int kTries = 200;
  for (int i = 0; i < kTries; ++i) {
    EXPECT_EQ(agent_.intent(static_cast<std::uint64_t>(i % 3)), "refused");
  }
  EXPECT_NE(agent_.hello().latches.size(), 0U);
  for (const RawMessage& message : in_agents_.heard()) {
    EXPECT_FALSE(message.subject.starts_with("estop.deliver.")) << message.subject;
  }
  scene_.site.resume("acme/prod/mallory");
  EXPECT_EQ(agent_.intent(0), "refused") << "it has to announce itself anew";
  EXPECT_EQ(agent_.intent(agent_.hello().incarnation), "delivered");
}

}  // namespace
}  // namespace estop::testing
