// SPDX-License-Identifier: Apache-2.0

// Op ids that come again, and many kills, through the real daemons. Hazards H53, H55, H56.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/integration/control/site.h"

namespace estop::testing {
namespace {

class OpIds : public ::testing::Test {
 protected:
  OpIds() {
    site.start_control();
    if (!site.leads()) throw std::runtime_error("control does not lead: " + site.log("control"));
    site.start_bridge();
    if (!site.is_open()) throw std::runtime_error("no bridge: " + site.log("bridge"));
  }
  // What the bridge itself holds.
  [[nodiscard]] bool bridge_holds(int kills) {
    const std::string line = "estop_bridge_kills " + std::to_string(kills) + "\n";
    return site.until(
        [&] { return site.page("bridge", "/metrics").find(line) != std::string::npos; });
  }
  [[nodiscard]] Json kills() { return site.ask("ps", Json::object()).answers.back()["kills"]; }
  Site site;
};

// An alert that kills every 15 s for three hours, and a person who lifts it all.
TEST_F(OpIds, EightHundredKillsOfOneScopeAreLiftedByOneResumeAndBridgesStayOpen_H53) {
  std::vector<std::shared_ptr<Order>> orders;
  for (int i = 0; i < 850; ++i) {
    const std::string op_id = "cli-00112233445566" + std::to_string(i);
    if (i % 2 == 0) site.emergency("acme/prod/x", op_id);
    orders.push_back(site.send("kill", {{"scope", "acme/prod/x"},
                                        {"reason", "alert"},
                                        {"op_id", op_id},
                                        {"wait", {"durable"}},
                                        {"timeout_ms", 60'000}}));
    if (orders.size() % 50 != 0) continue;
    ASSERT_TRUE(site.until([&] { return orders.back()->done(); }, std::chrono::seconds(60)));
  }
  ASSERT_EQ(site.kills_in_force(), 850U);
  const Order resume = site.resume("acme/prod/x", {{"timeout_ms", 60'000}});
  EXPECT_TRUE(resume.stage("done")["ok"]) << resume.answers.back();
  EXPECT_EQ(site.kills_in_force(), 0U);
  EXPECT_TRUE(bridge_holds(0));
  EXPECT_TRUE(site.is_open()) << site.log("bridge");
  EXPECT_EQ(site.kill("acme/prod/x", {{"op_id", "later"}}).stage("fenced")["n"], 1);
  site.control.kill_now();
  site.start_control();
  ASSERT_TRUE(site.leads()) << site.log("control");
  EXPECT_TRUE(site.answers());
  EXPECT_TRUE(site.is_open()) << site.log("bridge");
  EXPECT_EQ(site.kills_in_force(), 1U);
}

TEST_F(OpIds, OfAKillThatWasLiftedIsNeverAnsweredWithTheOldFence_H56) {
  EXPECT_TRUE(site.kill("acme/prod/x", {{"op_id", "inc-1"}}).stage("done")["ok"]);
  EXPECT_TRUE(site.resume("acme/prod/x").stage("done")["ok"]);
  site.emergency("acme/prod/x", "inc-1");
  const Order again = site.kill("acme/prod/x", {{"op_id", "inc-1"}});
  EXPECT_EQ(again.error(), "log-conflict");
  EXPECT_TRUE(again.stage("fenced").is_null());
  EXPECT_EQ(site.kills_in_force(), 0U);
  EXPECT_TRUE(bridge_holds(0));
}

TEST_F(OpIds, ThatNameAnotherOrderAreListedAndLiftedByAnOrdinaryResume_H55) {
  EXPECT_TRUE(site.kill("acme/prod/x", {{"op_id", "inc-1"}}).stage("done")["ok"]);
  site.emergency("acme/prod/y", "inc-1");  // without a command
  ASSERT_TRUE(site.until([&] { return site.kills_in_force() == 2; })) << site.log("control");
  EXPECT_EQ(kills()[1]["given_as"], "inc-1");
  EXPECT_TRUE(bridge_holds(3)) << "the order, and what control wrote for it";
  EXPECT_TRUE(site.resume("acme/prod/y").stage("done")["ok"]);
  EXPECT_TRUE(bridge_holds(1));
  EXPECT_TRUE(site.resume("acme/prod/x").stage("done")["ok"]);
  EXPECT_TRUE(bridge_holds(0));
}

// Control was down: only the bridge holds what was ordered under an op id that had another use.
TEST_F(OpIds, HeldByABridgeAloneAreAdoptedWhenControlIsBack_H55) {
  EXPECT_TRUE(site.kill("acme/prod/x", {{"op_id", "inc-1"}}).stage("done")["ok"]);
  site.control.kill_now();
  site.emergency("acme/prod/y", "inc-1");
  EXPECT_TRUE(bridge_holds(2));
  site.start_control();
  ASSERT_TRUE(site.leads()) << site.log("control");
  ASSERT_TRUE(site.until([&] { return site.answers() && site.kills_in_force() == 2; }));
  EXPECT_TRUE(site.resume("acme/prod/y").stage("done")["ok"]);
  EXPECT_TRUE(bridge_holds(1));
}

// Whom is clear, so it acts: the order and its command say the same.
TEST_F(OpIds, AKillWithValuesOutOfRangeActs_H56) {
  const Order kill = site.kill("acme/prod/x", {{"op_id", "inc-1"},
                                               {"grace_ms", 4'000'000'000U},
                                               {"timeout_ms", 3'600'000},
                                               {"wait", {"fenced", "opened"}},
                                               {"colour", "red"}});
  EXPECT_TRUE(kill.stage("done")["ok"]) << kill.answers.back();
  EXPECT_NE(kill.stage("accepted")["warning"].get<std::string>().find("grace_ms"),
            std::string::npos);
}

}  // namespace
}  // namespace estop::testing
