// SPDX-License-Identifier: Apache-2.0

// Orders while a neighbour is gone: control itself, JetStream, its files, the disk, the bridge.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/integration/control/site.h"

namespace estop::testing {
namespace {

class FaultySite : public ::testing::Test {
 protected:
  void start() {
    site.start_control();
    ASSERT_TRUE(site.leads()) << site.log("control");
    site.start_bridge();
    ASSERT_TRUE(site.is_open()) << site.log("bridge");
  }
  Site site;
};

TEST_F(FaultySite, AKillSurvivesKillNineOfControl) {  // H25
  start();
  const auto kill = site.send("kill", {{"scope", "acme/prod/x"}, {"reason", "r"}, {"op_id", "k1"}});
  ASSERT_TRUE(site.until([&] { return !kill->answers.empty(); }));
  site.control.kill_now();
  site.start_control();
  ASSERT_TRUE(site.leads()) << site.log("control");
  EXPECT_EQ(site.kills_in_force(), 1U);
  const Order again = site.kill("acme/prod/x", {{"op_id", "k1"}});
  EXPECT_TRUE(again.stage("done")["ok"]) << again.stage("done");
  EXPECT_EQ(site.kills_in_force(), 1U);
}

TEST_F(FaultySite, WithControlDeadASignedKillIsLatchedAndTheNextControlTakesItOver) {  // H25, H43
  start();
  site.control.kill_now();
  Json latched;
  site.operator_->subscribe(
      schemas::Subjects::standard().latched_of(schemas::Segment::parse("alice").value()),
      [&](const nats::MessageView& m) { latched = Json::parse(m.data); });
  site.emergency("acme/prod/x", "k1");
  ASSERT_TRUE(site.until([&] { return !latched.is_null(); })) << site.log("bridge");
  EXPECT_EQ(latched["op_id"], "k1");
  site.start_control();
  ASSERT_TRUE(site.leads()) << site.log("control");
  ASSERT_TRUE(site.until([&] { return site.kills_in_force() == 1; }));
  const Json proof = site.ask("audit", {{"kind", "signed"}}).answers.back();
  EXPECT_EQ(proof["rows"][0]["actor"], "alice");
}

TEST_F(FaultySite, KillsAtEveryMomentSurviveKillNineOfControl) {
  start();
  for (int round = 0; round < 5; ++round) {
    const std::string op_id = fmt::format("k{}", round);
    const auto kill = site.send("kill", {{"scope", "*"}, {"reason", "r"}, {"op_id", op_id}});
    const auto seen = static_cast<std::size_t>(round);
    ASSERT_TRUE(site.until([&] { return kill->answers.size() > seen || kill->done(); }));
    site.control.kill_now();
    site.start_control();
    ASSERT_TRUE(site.leads()) << site.log("control");
    ASSERT_TRUE(site.until([&] { return site.kills_in_force() == seen + 1; })) << round;
  }
  ASSERT_TRUE(site.is_open()) << site.log("bridge");
}

TEST_F(FaultySite, ALostStreamIsMadeAnewAndTheLatchHolds) {  // H29
  start();
  site.kill("acme/prod/x");
  site.lose_stream();
  ASSERT_TRUE(site.until([&] { return !site.control.running(); })) << "control went on";
  EXPECT_EQ(site.control.wait(std::chrono::seconds(1))->code, 75);
  EXPECT_NE(site.log("control").find("log-broken"), std::string::npos);
  site.start_control();
  ASSERT_TRUE(site.leads()) << site.log("control");
  EXPECT_EQ(site.kills_in_force(), 1U);
  ASSERT_TRUE(site.is_open()) << site.log("bridge");
  EXPECT_TRUE(site.resume("acme/prod/x").stage("done")["ok"]);
}

TEST_F(FaultySite, WithoutJetStreamAKillActsAndIsCommittedLater) {  // H25
  start();
  site.join("acme/prod/x", "aaaaaaa1");
  site.turn_jetstream(false);
  ASSERT_TRUE(site.answers());
  const Order kill = site.kill(
      "acme/prod/x", {{"op_id", "k1"}, {"wait", {"stopped", "committed"}}, {"timeout_ms", 4'000}});
  EXPECT_EQ(kill.stage("stopped")["n"], 1) << kill.stage("done");
  EXPECT_TRUE(kill.stage("committed").is_null());
  EXPECT_FALSE(kill.stage("done")["ok"]);
  EXPECT_EQ(site.resume("acme/prod/x").error(), "store-unavailable");
  site.turn_jetstream(true);
  ASSERT_TRUE(site.answers());
  const Order again = site.kill("acme/prod/x", {{"op_id", "k1"}, {"wait", {"committed"}}});
  EXPECT_TRUE(again.stage("done")["ok"]) << again.stage("done");
  EXPECT_EQ(site.kills_in_force(), 1U);
}

// The limit stands for a full disk: every write beyond it fails.
TEST_F(FaultySite, WithAFullDiskAKillActsAndAResumeIsRefused) {  // H42
  site.limits = {"trap '' XFSZ"};
  start();
  site.join("acme/prod/x", "aaaaaaa1");
  site.kill("acme/prod/w");
  const rlimit full{1, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(site.control.pid(), RLIMIT_FSIZE, &full, nullptr), 0);
  const Order kill = site.kill("acme/prod/x", {{"timeout_ms", 1'000}});
  EXPECT_EQ(kill.stage("fenced")["n"], 1);
  EXPECT_EQ(kill.stage("stopped")["n"], 1);
  EXPECT_TRUE(kill.stage("durable").is_null());
  EXPECT_EQ(site.resume("acme/prod/x").error(), "store-unavailable");
  const rlimit free{RLIM_INFINITY, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(site.control.pid(), RLIMIT_FSIZE, &free, nullptr), 0);
  ASSERT_TRUE(site.until([&] {
    return site.ask("status", Json::object()).answers.back()["log"]["recorder_ok"].get<bool>();
  }));
  EXPECT_TRUE(site.resume("acme/prod/x").stage("done")["ok"]);
}

TEST_F(FaultySite, ADeadBridgeIsFencedWhenItsLeaseIsOver) {
  start();
  site.bridge.kill_now();
  const Order kill = site.kill("acme/prod/x");
  EXPECT_EQ(kill.stage("fenced")["outlived"], Json({"b1"}));
  EXPECT_TRUE(kill.stage("done")["ok"]);
  ASSERT_TRUE(site.until([&] {
    return site.ask("audit", {{"kind", "bridge-left"}}).answers.back()["rows"].size() == 1;
  }));
}

TEST_F(FaultySite, ABrokerRestartIsSurvived) {
  start();
  site.restart_broker();
  ASSERT_TRUE(site.answers());
  ASSERT_TRUE(site.is_open()) << site.log("bridge");
  EXPECT_TRUE(site.kill("acme/prod/x").stage("done")["ok"]);
}

TEST_F(FaultySite, ASecondControlOnTheSameDataEndsAtOnce) {
  start();
  daemon::ChildProcess first = std::move(site.control);
  site.start_control();
  ASSERT_TRUE(site.until([&] { return !site.control.running(); }));
  EXPECT_EQ(site.control.wait(std::chrono::seconds(1))->code, 1);
  EXPECT_TRUE(first.running());
}

TEST_F(FaultySite, WithoutABrokerItWaitsAndSaysSo) {
  site.broker->stop();
  site.start_control();
  ASSERT_TRUE(site.until([&] {
    return site.page("control", "/readyz").find("503") != std::string::npos;
  })) << site.log("control");
  site.restart_broker();
  EXPECT_TRUE(site.leads()) << site.log("control");
}

}  // namespace
}  // namespace estop::testing
