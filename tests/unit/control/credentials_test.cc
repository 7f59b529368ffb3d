// The third ring: what control withdraws, when, and what it tells the operator.
#include <gtest/gtest.h>

#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

const Json kRevoke{{"revoke", true}};

class ThirdRing : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.open("b1");
    world_.hello("acme/prod/x", "aaaaaaa1");
  }
  World world_;
};

TEST_F(ThirdRing, ComesAfterTheFenceAndTheRuntimes) {
  const auto inbox = world_.kill("acme/prod/x", "k1", kRevoke);
  world_.stopped("acme/prod/x", "aaaaaaa1", "k1");
  world_.pass(1'000);
  EXPECT_TRUE(world_.withdrawals.empty()) << "the fence does not hold yet";
  world_.receipt("b1", "k1");
  world_.pass(100);
  ASSERT_EQ(world_.withdrawals.size(), 1U);
  EXPECT_EQ(world_.withdrawals.front().scope->text(), "acme/prod/x");
  EXPECT_EQ(world_.stage(inbox, "revoked")["n"], 1);
  EXPECT_TRUE(world_.stage(inbox, "done")["ok"]);
  EXPECT_EQ(world_.audited("revoked"), 1U);
}

TEST_F(ThirdRing, WaitsForAnUnconfirmedRuntimeUntilItsGraceIsOver) {
  world_.kill("acme/prod/x", "k1", {{"revoke", true}, {"grace_ms", 3'000}});
  world_.receipt("b1", "k1");
  world_.pass(2'800);
  EXPECT_TRUE(world_.withdrawals.empty());
  world_.pass(300);
  EXPECT_EQ(world_.withdrawals.size(), 1U);
}

TEST_F(ThirdRing, IsNotAskedForByAPlainKill) {
  const auto inbox = world_.kill("acme/prod/x", "k1", {{"wait", {"fenced"}}});
  world_.receipt("b1", "k1");
  world_.pass(11'000);
  EXPECT_TRUE(world_.withdrawals.empty());
  EXPECT_TRUE(world_.stage(inbox, "done")["ok"]);
}

TEST_F(ThirdRing, ThatNobodyAskedForIsNotWaitedFor) {
  const auto inbox = world_.kill("acme/prod/x", "k1", {{"wait", {"fenced", "revoked"}}});
  EXPECT_EQ(world_.stage(inbox, "accepted")["warning"],
            "ignored field 'wait: revoked, without revoke'");
  world_.receipt("b1", "k1");
  world_.pass(100);
  EXPECT_TRUE(world_.stage(inbox, "done")["ok"]);
  EXPECT_TRUE(world_.withdrawals.empty());
}

TEST_F(ThirdRing, ThatDoesNotHoldIsSaidAndTriedAgain) {
  world_.broker_revokes = false;
  const auto inbox = world_.kill("acme/prod/x", "k1", kRevoke);
  world_.receipt("b1", "k1");
  world_.stopped("acme/prod/x", "aaaaaaa1", "k1");
  world_.pass(100);
  EXPECT_EQ(world_.stage(inbox, "revoked")["n"], 0);
  EXPECT_TRUE(world_.alarmed("not-revoked"));
  EXPECT_FALSE(world_.is_done(inbox));
  world_.broker_revokes = true;
  world_.pass(2'100);
  EXPECT_TRUE(world_.stage(inbox, "done")["ok"]);
}

TEST_F(ThirdRing, IsNotForAnInstanceWhichHasNoCredentialOfItsOwn) {
  const auto inbox = world_.kill("acme/prod/x@aaaaaaa1", "k1", kRevoke);
  EXPECT_EQ(world_.stage(inbox, "accepted")["warning"], "ignored field 'revoke'");
  world_.receipt("b1", "k1");
  world_.stopped("acme/prod/x", "aaaaaaa1", "k1");
  world_.pass(1'000);
  EXPECT_TRUE(world_.withdrawals.empty());
  EXPECT_TRUE(world_.stage(inbox, "done")["ok"]);
}

TEST_F(ThirdRing, OfAKillThatWasLiftedMeanwhileNeverComes) {
  world_.kill("acme/prod/x", "k1", kRevoke);
  world_.receipt("b1", "k1");
  world_.resume("acme/prod/x", "r1");
  world_.pass(11'000);
  EXPECT_TRUE(world_.withdrawals.empty());
}

TEST_F(ThirdRing, AResumeOfTheLastKillLiftsTheBar) {
  world_.kill("acme/prod/x", "k1", kRevoke);
  world_.kill("acme/prod/x", "k2");
  world_.resume("acme/prod/x", "r1", {{"lifts", {"k1"}}});
  EXPECT_TRUE(world_.lifted.empty());
  world_.resume("acme/prod/x", "r2");
  EXPECT_EQ(world_.lifted, std::vector<std::string>{"acme/prod/x"});
}

// H40: control died between a resume and the lifting of its bar.
TEST_F(ThirdRing, ABarThatNoKillHoldsAnyMoreIsLifted) {
  world_.kill("acme/prod/x", "k1", kRevoke);
  world_.send(AccountsCompared{.barred = {"acme/prod/x", "acme/test/*"}});
  EXPECT_EQ(world_.lifted, std::vector<std::string>{"acme/test/*"});
}

TEST_F(ThirdRing, H38ABrokerThatHadAnotherAccountIsAnAlarm) {
  world_.send(AccountsCompared{.differed = {"AGENTS"}});
  EXPECT_TRUE(world_.alarmed("claims-differ"));
}

TEST(Revoke, ByNameIsAnsweredWhenTheBrokerObeyed) {
  World world;
  const auto inbox = world.ask("revoke", {{"who", "bob"}, {"reason", "left the team"}});
  ASSERT_EQ(world.withdrawals.size(), 1U);
  EXPECT_EQ(world.withdrawals.front().who, "bob");
  EXPECT_EQ(world.answers(inbox).back()["revoked"], 1);
  EXPECT_TRUE(world.is_done(inbox));
}

TEST(Revoke, SaysWhatIsMissing) {
  World world;
  EXPECT_EQ(world.error(world.ask("revoke", {{"reason", "x"}})), "bad-argument");
  EXPECT_EQ(world.error(world.ask("revoke", {{"who", "bob"}})), "missing-reason");
  EXPECT_EQ(world.error(world.ask("revoke", {{"who", "control"}, {"reason", "x"}})),
            "bad-argument");
  EXPECT_TRUE(world.withdrawals.empty());
}

}  // namespace
}  // namespace estop::control
