// SPDX-License-Identifier: Apache-2.0

// Kills that operators sign: the fence comes before the record, and the audit keeps the proof.
// Hazards H25, H30, H31, H42.
#include <gtest/gtest.h>

#include "schemas/order.h"
#include "tests/support/forged.h"
#include "tests/support/operator_creds.h"
#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

class SignedKill : public ::testing::Test {
 protected:
  SignedKill() { world.open("b1"); }
  World world;
};

TEST_F(SignedKill, IsFencedBeforeItsRecordIsWritten) {
  world.emergency(world.order("acme/prod/x", "k1"));
  const auto inbox = world.kill("acme/prod/x", "k1");
  EXPECT_FALSE(world.stage(inbox, "accepted").contains("warning") &&
               world.stage(inbox, "accepted")["warning"].get<std::string>().find("before") !=
                   std::string::npos);
  world.receipt("b1", "k1");
  EXPECT_EQ(world.stage(inbox, "fenced")["n"], 1);
  EXPECT_EQ(world.committed("k1"), nullptr);
  EXPECT_TRUE(world.to_agents.empty());
  ASSERT_EQ(world.due, std::vector<std::string>{"k1"});
  world.write("k1");
  ASSERT_NE(world.committed("k1"), nullptr);
  EXPECT_EQ(world.committed("k1")->actor.name, "alice");
  EXPECT_FALSE(world.to_agents.empty());
  EXPECT_TRUE(world.is_done(inbox)) << world.answers(inbox).back();
  EXPECT_EQ(world.audited("kill"), 1U);
  EXPECT_EQ(world.audited("signed"), 1U);
}

// The operator reads that it is fenced before anything is made that nobody waits for.
TEST_F(SignedKill, IsWrittenAsSoonAsItsFenceIsTold) {
  world.emergency(world.order("acme/prod/x", "k1"));
  world.kill("acme/prod/x", "k1");
  EXPECT_TRUE(world.due_now.empty());
  world.performed.clear();
  world.receipt("b1", "k1");
  EXPECT_EQ(world.performed, (std::vector<std::string>{"answer", "flush", "event"}));
  EXPECT_EQ(world.due_now, std::vector<std::string>{"k1"});
}

TEST_F(SignedKill, ActsWithoutAnyCommand) {
  world.emergency(world.order("acme/prod/x", "k1"));
  world.write("k1");
  EXPECT_NE(world.committed("k1"), nullptr);
  EXPECT_EQ(world.count_committed("k1"), 1U);
  world.write("k1");
  EXPECT_EQ(world.count_committed("k1"), 1U);
}

TEST_F(SignedKill, ThatComesBehindItsCommandIsTheProofOfIt) {
  world.kill("acme/prod/x", "k1");
  world.emergency(world.order("acme/prod/x", "k1"));
  EXPECT_TRUE(world.due.empty());
  EXPECT_EQ(world.count_committed("k1"), 1U);
  EXPECT_EQ(world.audited("signed"), 1U);
}

// Bridges hold it: it is a kill of its own, whatever its command says.
TEST_F(SignedKill, ThatDiffersFromItsCommandIsAdoptedAndAnAlarm_H55) {
  world.kill("acme/prod/x", "k1");
  world.emergency(world.order("acme/prod/y", "k1"));
  EXPECT_TRUE(world.alarmed("op-id-reused"));
  EXPECT_EQ(world.audited("adopted"), 1U);
  EXPECT_EQ(world.audited("signed"), 1U);
}

// The order and its command say the same: a grace over the maximum, no reason.
TEST_F(SignedKill, IsJudgedAsItsCommandIs_H56) {
  auto written = world.order("acme/prod/x", "k1").kill.record;
  written.kill().grace_ms = 4'000'000'000;
  written.reason = "";
  const auto jwt = schemas::jwt_from_creds(testing::operator_creds("alice"));
  const auto frame =
      testing::forged_order(testing::forged_record(written, testing::operator_key()), jwt.value());
  world.emergency(schemas::open_order(frame).value());
  const auto inbox =
      world.ask("kill", {{"scope", "acme/prod/x"}, {"op_id", "k1"}, {"grace_ms", 4'000'000'000U}});
  world.write("k1");
  ASSERT_NE(world.committed("k1"), nullptr);
  EXPECT_EQ(world.committed("k1")->kill().grace_ms, schemas::kGraceMax_ms);
  EXPECT_EQ(world.committed("k1")->reason, "no reason given");
  const std::string warning = world.stage(inbox, "accepted")["warning"];
  EXPECT_NE(warning.find("grace"), std::string::npos);
  EXPECT_NE(warning.find("no reason was given"), std::string::npos);
}

TEST_F(SignedKill, H30_InAnotherOperatorsNameIsAnAlarmAndNoKill) {
  world.emergency(world.order("acme/prod/x", "k1", "alice"), "bob");
  EXPECT_TRUE(world.alarmed("forged-order"));
  EXPECT_TRUE(world.due.empty());
}

TEST_F(SignedKill, H30_ThatItsCredentialDoesNotProveGetsNoRecordAndItsSenderIsTold) {
  const auto order = world.order("acme/prod/x", "k1", "bob");  // alice's credential
  world.emergency(order, "bob");
  const auto inbox = world.ask(
      "kill", {{"scope", "acme/prod/x"}, {"reason", "broken link"}, {"op_id", "k1"}}, "bob");
  world.write("k1");
  EXPECT_EQ(world.error(inbox), "not-permitted");
  EXPECT_EQ(world.committed("k1"), nullptr);
  EXPECT_TRUE(world.to_agents.empty());
  EXPECT_TRUE(world.alarmed("forged-order"));
  EXPECT_EQ(world.audited("signed"), 0U);
}

TEST_F(SignedKill, ACommandOfTheSameIdForAnotherScopeIsAKillOfItsOwn_H56) {
  world.emergency(world.order("acme/prod/x", "k1"));
  EXPECT_EQ(world.error(world.kill("acme/prod/y", "k1")), "");
  world.write("k1");
  EXPECT_EQ(world.count_committed("k1"), 1U);
  EXPECT_EQ(world.core->ledger().latches().all().size(), 2U);
}

TEST_F(SignedKill, H25_HeldByABridgeAloneIsAdoptedByTheNextControl) {
  const auto order = world.order("acme/prod/x", "k1");
  world.shows("b1", order.frame);
  ASSERT_NE(world.committed("k1"), nullptr);
  EXPECT_EQ(world.committed("k1")->actor.name, "alice");
  EXPECT_EQ(world.audited("adopted"), 1U);
  EXPECT_EQ(world.audited("signed"), 1U);
}

TEST_F(SignedKill, ThatABridgeShowsBeforeItsRecordIsWrittenGetsOne) {
  const auto order = world.order("acme/prod/x", "k1");
  world.emergency(order);
  world.shows("b1", order.frame);
  world.write("k1");
  EXPECT_EQ(world.count_committed("k1"), 1U);
  EXPECT_EQ(world.audited("adopted"), 0U);
  world.resume("acme/prod/x", "r1");
  EXPECT_TRUE(world.core->ledger().latches().all().empty());
}

TEST_F(SignedKill, H30_HeldByABridgeButNotProvenIsAnAlarm) {
  auto order = world.order("acme/prod/x", "k1", "bob");  // alice's credential
  world.shows("b1", order.frame);
  EXPECT_EQ(world.committed("k1"), nullptr);
  EXPECT_TRUE(world.alarmed("forged-order"));
}

}  // namespace
}  // namespace estop::control
