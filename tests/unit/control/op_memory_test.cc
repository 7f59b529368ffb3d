// SPDX-License-Identifier: Apache-2.0

// Op ids of orders that ended long ago: the recorder knows them, and no order is decided without.
#include "control/core/log/op_memory.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

TEST(OpMemoryTest, ForgetsTheOldestOfThoseThatEndedAndKnowsThatTheyWereUsed) {
  OpMemory memory(2);
  for (const char* id : {"holds", "a", "b", "c"}) memory[id].seq = 1;
  for (const char* id : {"a", "b", "b", "c", "nobody"}) memory.ended(id);
  memory.forget(10);
  EXPECT_EQ(memory.find("a"), nullptr);
  EXPECT_TRUE(memory.may_be_forgotten("a"));
  for (const char* id : {"holds", "b", "c"}) {
    EXPECT_NE(memory.find(id), nullptr) << id;
    EXPECT_FALSE(memory.may_be_forgotten(id)) << id;
  }
  EXPECT_FALSE(memory.may_be_forgotten("never"));
  memory.recall("a", {.seq = 7});
  EXPECT_EQ(memory.find("a")->seq, 7U);
  memory.forget(10);
  EXPECT_EQ(memory.find("b"), nullptr) << "the oldest now";
}

TEST(OpMemoryTest, WhatWasNeverUsedIsHardlyEverTakenForUsed) {
  OpMemory memory(0);
  constexpr int kMany = 200'000;
  for (int i = 0; i < kMany; ++i) {
    const std::string id = fmt::format("cli-{:08x}", i);
    memory[id];
    memory.ended(id);
  }
  memory.forget(kMany);
  EXPECT_EQ(memory.size(), 0U);
  int wrong = 0;
  for (int i = 0; i < kMany; ++i) {
    EXPECT_TRUE(memory.may_be_forgotten(fmt::format("cli-{:08x}", i)));
    wrong += memory.may_be_forgotten(fmt::format("new-{:08x}", i)) ? 1 : 0;
  }
  EXPECT_LT(wrong, 20);
}

TEST(OpMemoryTest, TheRecordersNoIsRememberedForAWhile) {
  OpMemory memory(0);
  memory["a"];
  memory.ended("a");
  memory.forget(1);
  memory.never_used("a");
  EXPECT_FALSE(memory.may_be_forgotten("a"));
  for (std::size_t i = 0; i < kUnusedOpsKept; ++i) memory.never_used(std::to_string(i));
  EXPECT_TRUE(memory.may_be_forgotten("a"));
}

TEST(OpMemoryTest, TheRecordersNoEndsWithTheFirstUse) {
  OpMemory memory(0);
  memory.never_used("a");
  for (const char* op_id : {"a", "b"}) {
    memory[op_id].seq = 1;
    memory.ended(op_id);
  }
  memory.forget(2);
  EXPECT_TRUE(memory.may_be_forgotten("b"));
  EXPECT_TRUE(memory.may_be_forgotten("a"));
}

// A control that remembers but two orders which ended.
class ForgottenOps : public ::testing::Test {
 protected:
  ForgottenOps() {
    world.ended_ops_max = 2;
    world.restart();
    world.open("b1");
    give_and_lift("old");
    for (int i = 0; i < 5; ++i) give_and_lift("later" + std::to_string(i));
    world.pass(700'000);  // the orders' answers are forgotten, too
    world.beat("b1", schemas::BridgeState::kOpen);
    world.lookups = 0;
  }
  void give_and_lift(const std::string& name) {
    world.kill("acme/prod/x", "k-" + name);
    world.receipt("b1", "k-" + name);
    world.resume("acme/prod/x", "r-" + name);
  }
  [[nodiscard]] std::size_t held() const { return world.core->ledger().latches().size(); }
  [[nodiscard]] bool is_forgotten(const std::string& op_id) const {
    return world.core->ledger().may_be_forgotten(op_id);
  }
  World world;
};

TEST_F(ForgottenOps, AKillThatWasLiftedIsRefusedAsBefore) {
  for (int life = 0; life < 2; ++life) {
    ASSERT_TRUE(is_forgotten("k-old"));
    const auto answers = world.answers(world.kill("acme/prod/x", "k-old"));
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0]["error"]["name"], "log-conflict");
    EXPECT_NE(answers[0].dump().find("resume r-old lifted that kill"), std::string::npos);
    EXPECT_EQ(held(), 0U);
    world.restart();
    world.pass(2'000);
  }
}

TEST_F(ForgottenOps, AKillThatABridgeShowsIsAdoptedWhenTheRecorderIsSilent) {
  world.recorder_reads = false;
  const auto order = world.order("acme/prod/y", "k-old");
  world.shows("b1", order.frame);
  EXPECT_EQ(held(), 0U) << "it is asked";
  world.pass(300);
  world.shows("b1", order.frame);
  EXPECT_EQ(held(), 1U);
}

// Its place in the log says that it was lifted, whoever remembers its op id: the credential of a
// bridge orders nothing.
TEST_F(ForgottenOps, ARecordOfTheLogThatABridgeShowsIsNoNewKill) {
  world.recorder_reads = false;
  const auto old = std::find_if(world.stream.begin(), world.stream.end(),
                                [](const auto& one) { return one.record.op_id == "k-old"; });
  ASSERT_NE(old, world.stream.end());
  const schemas::Bytes frame = old->frame;
  for (int i = 0; i < 3; ++i) {
    world.shows("b1", frame);
    EXPECT_EQ(held(), 0U);
    world.pass(300);
  }
}

TEST_F(ForgottenOps, AnOpIdThatWasNeverUsedWaitsForNothing) {
  world.recorder_reads = false;
  world.kill("acme/prod/x", "new");
  EXPECT_EQ(held(), 1U);
  EXPECT_EQ(world.lookups, 0U);
}

TEST_F(ForgottenOps, AKillOfAnotherScopeActsUnderAnOpIdOfItsOwn) {
  const auto inbox = world.kill("acme/prod/y", "k-old");
  EXPECT_NE(world.stage(inbox, "accepted")["op_id"], "k-old");
  EXPECT_EQ(held(), 1U);
  const auto again = world.kill("acme/prod/y", "k-old");
  EXPECT_EQ(world.stage(again, "accepted")["op_id"], world.stage(inbox, "accepted")["op_id"]);
  EXPECT_EQ(held(), 1U);
}

TEST_F(ForgottenOps, AKillActsInTimeWhenTheRecorderIsSilent) {
  world.recorder_reads = false;
  const auto inbox = world.kill("acme/prod/x", "k-old");
  EXPECT_EQ(held(), 0U);
  world.pass(400);
  EXPECT_EQ(held(), 1U);
  const Json accepted = world.stage(inbox, "accepted");
  EXPECT_NE(accepted["op_id"], "k-old");
  EXPECT_NE(accepted["warning"].dump().find("names another order"), std::string::npos);
}

TEST_F(ForgottenOps, AnOrderThatBridgesHeardActsInTimeToo) {
  world.recorder_reads = false;
  world.emergency(world.order("acme/prod/x", "k-old"));
  world.pass(400);
  EXPECT_EQ(held(), 1U);
}

TEST_F(ForgottenOps, AnOrderThatWasLiftedHasNoEffect) {
  world.emergency(world.order("acme/prod/x", "k-old"));
  EXPECT_EQ(held(), 0U);
  EXPECT_EQ(world.audit.back().kind, "refused");
}

TEST_F(ForgottenOps, AKillThatABridgeStillShowsIsNotAdoptedAgain) {
  const auto old = std::find_if(world.stored.begin(), world.stored.end(),
                                [](const auto& one) { return one.record.op_id == "k-old"; });
  ASSERT_NE(old, world.stored.end());
  const schemas::Bytes frame = old->frame;
  for (int i = 0; i < 3; ++i) world.shows("b1", frame);
  EXPECT_EQ(held(), 0U);
  EXPECT_LE(world.lookups, 2U) << "it is remembered now";
}

TEST_F(ForgottenOps, AResumeThatIsRepeatedLiftsNothingNew) {
  world.kill("acme/prod/x", "holds");
  world.receipt("b1", "holds");
  const auto other = world.resume("acme/prod/x", "r-old", {{"lifts", {"holds"}}});
  EXPECT_EQ(world.error(other), "log-conflict");
  const auto same = world.resume("acme/prod/x", "r-old", {{"lifts", {"k-old"}}});
  EXPECT_EQ(world.error(same), "");
  EXPECT_NE(world.answers(same).front().dump().find("was given before"), std::string::npos);
  EXPECT_EQ(held(), 1U);
  world.recorder_reads = false;
  const auto unknown = world.resume("acme/prod/x", "r-later0", {{"lifts", {"holds"}}});
  world.pass(400);
  EXPECT_EQ(world.error(unknown), "store-unavailable");
  EXPECT_EQ(held(), 1U);
}

}  // namespace
}  // namespace estop::control
