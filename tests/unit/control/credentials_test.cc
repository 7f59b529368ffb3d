// SPDX-License-Identifier: Apache-2.0

// The third ring: what control withdraws, when, and what it tells the operator.
#include <gtest/gtest.h>

#include "tests/support/operator_creds.h"
#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

class ThirdRing : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.open("b1");
    world_.hello("acme/prod/x", "aaaaaaa1");
  }
  // As `estop kill --revoke` of an admin.
  std::string kill_and_revoke(const std::string& scope, const std::string& op_id,
                              Json more = Json::object()) {
    more.update({{"scope", scope}, {"reason", "broken link"}, {"op_id", op_id}, {"revoke", true}});
    return world_.ask_signed("kill", more, testing::admin_creds("alice"));
  }
  World world_;
};

TEST_F(ThirdRing, ComesAfterTheFenceAndTheRuntimes) {
  const auto inbox = kill_and_revoke("acme/prod/x", "k1");
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
  kill_and_revoke("acme/prod/x", "k1", {{"grace_ms", 3'000}});
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
  const auto inbox = kill_and_revoke("acme/prod/x", "k1");
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
  const auto inbox = kill_and_revoke("acme/prod/x@aaaaaaa1", "k1");
  EXPECT_EQ(world_.stage(inbox, "accepted")["warning"], "ignored field 'revoke'");
  world_.receipt("b1", "k1");
  world_.stopped("acme/prod/x", "aaaaaaa1", "k1");
  world_.pass(1'000);
  EXPECT_TRUE(world_.withdrawals.empty());
  EXPECT_TRUE(world_.stage(inbox, "done")["ok"]);
}

TEST_F(ThirdRing, OfAKillThatWasLiftedMeanwhileNeverComes) {
  kill_and_revoke("acme/prod/x", "k1");
  world_.receipt("b1", "k1");
  world_.resume("acme/prod/x", "r1");
  world_.pass(11'000);
  EXPECT_TRUE(world_.withdrawals.empty());
}

TEST_F(ThirdRing, AResumeOfTheLastKillLiftsTheBar) {
  kill_and_revoke("acme/prod/x", "k1");
  world_.kill("acme/prod/x", "k2");
  world_.resume("acme/prod/x", "r1", {{"lifts", {"k1"}}});
  EXPECT_TRUE(world_.lifted.empty());
  world_.resume("acme/prod/x", "r2");
  EXPECT_EQ(world_.lifted, std::vector<std::string>{"acme/prod/x"});
}

// H40: control died between a resume and the lifting of its bar.
TEST_F(ThirdRing, ABarThatNoKillHoldsAnyMoreIsLifted) {
  kill_and_revoke("acme/prod/x", "k1");
  world_.send(AccountsCompared{.barred = {"acme/prod/x", "acme/test/*"}});
  EXPECT_EQ(world_.lifted, std::vector<std::string>{"acme/test/*"});
}

TEST_F(ThirdRing, H38ABrokerThatHadAnotherAccountIsAnAlarm) {
  world_.send(AccountsCompared{.differed = {"AGENTS"}});
  EXPECT_TRUE(world_.alarmed("claims-differ"));
}

// H65: the same right on every way to it, and a stop that is refused for none of them.
struct Right {
  const char* who;
  std::string (*send)(World&, const Json&);
  bool withdraws;
  const char* warning;
};
const Right kRights[] = {
    {"an operator, unsigned", [](World& w, const Json& kill) { return w.ask("kill", kill); }, false,
     "nothing is revoked: a kill with 'revoke' has to be signed with the operator's key"},
    {"an operator, signed",
     [](World& w, const Json& kill) {
       return w.ask_signed("kill", kill, testing::operator_creds("alice"));
     },
     false, "nothing is revoked: the credential allows no 'revoke' to operator alice"},
    {"an operator, by a signed order and a command",
     [](World& w, const Json& kill) {
       w.emergency(w.order("acme/prod/x", "k1"));
       const auto inbox = w.ask("kill", kill);
       w.write("k1");
       return inbox;
     },
     false, "nothing is revoked: a kill with 'revoke' has to be signed with the operator's key"},
    {"an operator, for a kill that holds",
     [](World& w, const Json& kill) {
       w.kill("acme/prod/x", "k1");
       return w.ask("kill", kill);
     },
     false, "nothing is revoked: a kill with 'revoke' has to be signed with the operator's key"},
    {"an admin, unsigned", [](World& w, const Json& kill) { return w.ask("kill", kill); }, false,
     "nothing is revoked: a kill with 'revoke' has to be signed with the operator's key"},
    {"an admin, signed",
     [](World& w, const Json& kill) {
       return w.ask_signed("kill", kill, testing::admin_creds("alice"));
     },
     true, ""},
    {"an admin, for a kill that holds",
     [](World& w, const Json& kill) {
       w.kill("acme/prod/x", "k1");
       return w.ask_signed("kill", kill, testing::admin_creds("alice"));
     },
     true, ""},
};

TEST(Right, ToRevokeIsThatOfAnAdminWhoSigns_H65) {
  const Json kill{{"scope", "acme/prod/x"}, {"reason", "r"}, {"op_id", "k1"}, {"revoke", true}};
  for (const bool takes_unsigned : {false, true}) {
    for (const Right& row : kRights) {
      SCOPED_TRACE(row.who);
      World world;
      world.takes_unsigned = takes_unsigned;
      world.restart();
      world.open("b1");
      const auto inbox = row.send(world, kill);
      world.receipt("b1", "k1");
      world.pass(11'000);
      EXPECT_NE(world.committed("k1"), nullptr) << "the kill acts";
      EXPECT_EQ(world.withdrawals.empty(), !row.withdraws);
      const std::string warning = world.stage(inbox, "accepted").value("warning", "");
      EXPECT_EQ(warning.substr(0, std::string_view(row.warning).size()), row.warning);
      EXPECT_TRUE(world.is_done(inbox));
      EXPECT_EQ(world.stage(inbox, "done")["ok"], row.withdraws);
      const Json unreached = row.withdraws ? Json() : Json{"revoked"};
      EXPECT_EQ(world.stage(inbox, "done").value("unreached", Json()), unreached);
    }
  }
}

TEST(Right, ARevokeByNameIsTheAdmins_H65) {
  World world;
  world.takes_unsigned = false;
  world.restart();
  const Json request{{"who", "bob"}, {"reason", "left"}};
  EXPECT_EQ(world.error(world.ask("revoke", request)), "bad-signature");
  EXPECT_EQ(world.error(world.ask_signed("revoke", request, testing::operator_creds("alice"))),
            "not-permitted");
  EXPECT_EQ(world.error(world.ask_signed("revoke", request, testing::admin_creds("alice"))), "");
  EXPECT_EQ(world.withdrawals.size(), 1U);
}

// A kill that names another order's id withdraws nothing of that order's scope.
TEST(Right, ARevokeIsForItsOwnScopeOnly) {
  World world;
  world.open("b1");
  world.kill("acme/*", "k1");
  world.receipt("b1", "k1");
  world.ask_signed("kill",
                   {{"scope", "acme/dev/x"}, {"reason", "r"}, {"op_id", "k1"}, {"revoke", true}},
                   testing::admin_creds("alice"));
  world.beat("b1", schemas::BridgeState::kOpen);
  world.pass(16'000);
  ASSERT_EQ(world.withdrawals.size(), 1U);
  EXPECT_EQ(world.withdrawals[0].scope->text(), "acme/dev/x");
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
