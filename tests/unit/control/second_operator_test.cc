// SPDX-License-Identifier: Apache-2.0

// Resumes and kills of the fleet that wait for a second operator. Hazards H30, H50.
#include <gtest/gtest.h>

#include "schemas/order.h"
#include "tests/support/operator_creds.h"
#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

Json approval(const std::string& op_id, const std::string& verb, const std::string& scope,
              const std::vector<std::string>& lifts) {
  return {{"op_id", op_id}, {"verb", verb}, {"scope", scope}, {"lifts", lifts}, {"reason", "seen"}};
}

class SecondOperator : public ::testing::Test {
 protected:
  SecondOperator() {
    world.second_operator = true;
    world.restart();
    world.open("b1");
  }
  // As his own `estop` sends it.
  std::string approve(const std::string& actor, const Json& request) {
    const auto name = schemas::Segment::parse(actor).value();
    const auto verb = schemas::Segment::parse("approve").value();
    return world.ask(
        "approve",
        schemas::sign_command(name, verb, request.dump(), testing::operator_creds(actor)).value(),
        actor);
  }
  std::string killed_and_resumed() {
    world.kill("acme/prod/x", "k1");
    world.receipt("b1", "k1");
    return world.resume("acme/prod/x", "r1", {{"lifts", {"k1"}}});
  }
  [[nodiscard]] bool holds(const std::string& op_id) const {
    return world.core->ledger().latches().find(op_id) != nullptr;
  }
  const Json good = approval("r1", "resume", "acme/prod/x", {"k1"});
  World world;
};

TEST_F(SecondOperator, AResumeWaitsForHim) {
  const auto first = killed_and_resumed();
  EXPECT_EQ(world.stage(first, "approved")["waiting"], true);
  EXPECT_EQ(world.committed("r1"), nullptr);
  EXPECT_TRUE(holds("k1"));
  const auto status = world.answers(world.ask("status", Json::object())).back();
  ASSERT_EQ(status["proposals"].size(), 1U);
  EXPECT_EQ(status["proposals"][0]["lifts"], Json({"k1"}));

  const auto second = approve("bob", good);
  EXPECT_EQ(world.error(second), "");
  EXPECT_FALSE(holds("k1"));
  EXPECT_EQ(world.committed("r1")->actor.name, "alice");
  EXPECT_EQ(world.stage(first, "approved")["by"], "bob");
  world.receipt("b1", "r1");
  EXPECT_TRUE(world.is_done(first)) << world.answers(first).back();
  EXPECT_TRUE(world.is_done(second)) << world.answers(second).back();
  EXPECT_EQ(world.audited("proposed"), 1U);
  EXPECT_EQ(world.audited("approved"), 1U);
  EXPECT_EQ(world.audited("signed"), 1U);  // his word; alice's order was not signed here
}

TEST_F(SecondOperator, IsNotTheFirstAndApprovesWhatHeSaw_H30) {
  killed_and_resumed();
  EXPECT_EQ(world.error(approve("alice", good)), "not-permitted");
  EXPECT_EQ(world.error(approve("bob", approval("r1", "resume", "acme/prod/x", {"k2"}))),
            "bad-argument");
  EXPECT_EQ(world.error(approve("bob", approval("r1", "resume", "acme/prod/y", {"k1"}))),
            "bad-argument");
  EXPECT_EQ(world.error(approve("bob", approval("r1", "kill", "acme/prod/x", {}))), "bad-argument");
  EXPECT_EQ(world.error(approve("bob", approval("r9", "resume", "acme/prod/x", {"k1"}))),
            "not-found");
  EXPECT_TRUE(holds("k1"));
  world.takes_unsigned = false;
  world.restart();
  EXPECT_EQ(world.error(world.ask("approve", good, "bob")), "bad-signature");
}

TEST_F(SecondOperator, TheSameOrderAgainIsTheSameOrder) {
  killed_and_resumed();
  const auto again = world.resume("acme/prod/x", "r1", {{"lifts", {"k1"}}});
  EXPECT_EQ(world.stage(again, "approved")["waiting"], true);
  EXPECT_EQ(world.error(world.resume("acme/prod/y", "r1")), "bad-argument");
  approve("bob", good);
  EXPECT_EQ(world.error(approve("bob", good)), "");  // an answer was lost: it is asked again
  EXPECT_EQ(world.count_committed("r1"), 1U);
}

TEST_F(SecondOperator, OfWhatHasBeenLiftedSinceIsRefused) {
  killed_and_resumed();
  world.resume("acme/prod/x", "r2", {{"lifts", {"k1"}}});
  approve("bob", approval("r2", "resume", "acme/prod/x", {"k1"}));
  EXPECT_EQ(world.error(approve("bob", good)), "not-killed");
  EXPECT_EQ(world.committed("r1"), nullptr);
}

TEST_F(SecondOperator, WhomNobodyFindsInTimeEndsTheOrder) {
  const auto first = world.resume("acme/prod/x", "r0");
  EXPECT_EQ(world.error(first), "not-found");
  const auto asked = killed_and_resumed();
  world.pass(kProposalKept_us / 1'000 + kTick_ms);
  EXPECT_TRUE(world.is_done(asked));
  EXPECT_EQ(world.audited("expired"), 1U);
  EXPECT_EQ(world.error(approve("bob", good)), "not-found");
  EXPECT_TRUE(holds("k1"));
}

TEST_F(SecondOperator, AKillOfTheFleetWaitsForHimAndNoOtherDoes) {
  const auto order = world.order("*", "k9");
  world.emergency(order);
  const auto first = world.kill("*", "k9");
  EXPECT_EQ(world.stage(first, "approved")["waiting"], true);
  EXPECT_EQ(world.committed("k9"), nullptr);
  world.kill("acme/*", "k2");
  EXPECT_NE(world.committed("k2"), nullptr);

  approve("bob", approval("k9", "kill", "*", {}));
  ASSERT_NE(world.committed("k9"), nullptr);
  EXPECT_EQ(world.committed("k9")->actor.name, "alice");
  world.receipt("b1", "k9");
  EXPECT_EQ(world.stage(first, "fenced")["n"], 1);
  EXPECT_EQ(world.audited("signed"), 2U);
}

TEST_F(SecondOperator, TheProofOfAKillThatComesBehindItsCommandIsKeptOnce) {
  world.kill("*", "k9");
  EXPECT_EQ(world.audited("signed"), 0U);
  world.emergency(world.order("*", "k9"));
  world.emergency(world.order("*", "k9"));
  EXPECT_EQ(world.audited("signed"), 1U);
  EXPECT_EQ(world.audited("proposed"), 1U);
}

TEST_F(SecondOperator, AKillOfTheFleetThatABridgeHoldsIsAKill) {
  const auto order = world.order("*", "k9");
  world.emergency(order);
  world.shows("b1", order.frame);
  EXPECT_NE(world.committed("k9"), nullptr);
  EXPECT_TRUE(world.alarmed("one-operator"));
  EXPECT_EQ(world.error(approve("bob", approval("k9", "kill", "*", {}))), "");
  EXPECT_EQ(world.count_committed("k9"), 1U);
}

// B's order takes the op id that A's order waits under.
TEST_F(SecondOperator, AnOrderThatWaitsIsNotReplacedByAnotherOfItsOpId) {
  const auto first = world.kill("*", "k9");
  world.emergency(world.order("acme/prod/x", "k9", "bob"), "bob");  // alice's credential: forged
  EXPECT_TRUE(world.alarmed("forged-order"));
  const auto again = world.kill("*", "k9");
  EXPECT_EQ(world.stage(again, "approved")["waiting"], true);

  world.emergency(world.order("acme/prod/x", "k9"));  // good, and held by the bridges
  EXPECT_EQ(world.core->ledger().latches().all().size(), 1U);
  EXPECT_EQ(world.error(approve("bob", approval("k9", "kill", "*", {}))), "");
  EXPECT_EQ(world.count_committed("k9"), 1U);
  EXPECT_EQ(world.core->ledger().latches().all().size(), 2U);
  EXPECT_EQ(world.stage(first, "approved")["by"], "bob");
  world.resume("*", "r1");
  approve("bob", approval("r1", "resume", "*", {"k9"}));
  EXPECT_EQ(world.core->ledger().latches().all().size(), 1U) << "whoever ordered it can lift it";
}

TEST_F(SecondOperator, OrdersThatWaitOfOneKeepOutNobodyElse) {
  world.kill("acme/prod/x", "k1");
  for (std::size_t i = 0; i < kProposalsOfOneMax; ++i) {
    EXPECT_EQ(world.error(world.resume("acme/prod/x", "r" + std::to_string(i))), "");
  }
  EXPECT_EQ(world.error(world.resume("acme/prod/x", "more")), "over-limit");
  const Json resume{{"scope", "acme/prod/x"}, {"reason", "fixed"}, {"lifts", {"k1"}}};
  for (std::size_t i = 0; i < kProposalsMax; ++i) {
    Json one = resume;
    one["op_id"] = "b" + std::to_string(i);
    const std::string who = "o" + std::to_string(i);
    EXPECT_EQ(world.error(world.ask("resume", one, who)), "") << i;
  }
}

TEST_F(SecondOperator, AForgedKillOfTheFleetIsNoProposal_H30) {
  auto forged = world.order("*", "k9", "bob");  // alice's credential
  world.emergency(forged, "bob");
  EXPECT_TRUE(world.alarmed("forged-order"));
  EXPECT_EQ(world.audited("proposed"), 0U);
}

}  // namespace
}  // namespace estop::control
