// SPDX-License-Identifier: Apache-2.0

// Orders through the real daemons: control, bridge, broker and recorder.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "tests/integration/control/site.h"

namespace estop::testing {
namespace {

using schemas::Errc;
using schemas::StoreOp;

class RunningSite : public ::testing::Test {
 protected:
  RunningSite() {
    site.start_control();
    if (!site.leads())
      throw std::runtime_error("control does not lead: " + site.log("control") +
                               site.broker->log());
    site.start_bridge();
    if (!site.is_open()) throw std::runtime_error("no bridge: " + site.log("bridge"));
  }
  Site site;
  std::vector<Player*> twins;
};

TEST_F(RunningSite, AKillIsFencedStoppedAndDurable) {
  Player& player = site.join("acme/prod/x", "aaaaaaa1");
  const Order kill = site.kill("acme/prod/x");
  EXPECT_EQ(kill.answers.front()["stage"], "accepted");
  EXPECT_EQ(kill.stage("fenced")["n"], 1);
  EXPECT_EQ(kill.stage("stopped")["n"], 1);
  EXPECT_GT(kill.stage("durable")["audit"], 0);
  EXPECT_TRUE(kill.stage("done")["ok"]) << kill.stage("done");
  EXPECT_EQ(player.orders.size(), 1U);
}

// Before there were pages the answers were lost, and nobody was told.
TEST_F(RunningSite, H61QuestionsAreAnsweredHoweverMuchThereIsToTell) {
  constexpr std::size_t kKills = 600;
  std::vector<std::shared_ptr<Order>> kills;
  for (std::size_t i = 0; i < kKills; ++i) {
    kills.push_back(site.send("kill", {{"scope", "acme/prod/x" + std::to_string(i % 9)},
                                       {"reason", std::string(1'000, '"')},
                                       {"wait", {"durable"}}}));
  }
  for (const auto& kill : kills) {
    ASSERT_TRUE(site.until([&] { return kill->done(); }, std::chrono::seconds(30)));
    ASSERT_FALSE(kill->silent);
    EXPECT_TRUE(kill->stage("done")["ok"]) << kill->stage("done");
    EXPECT_NE(kill->stage("durable")["audit"], nullptr) << kill->stage("durable");
  }
  for (const char* verb : {"status", "ps"}) {
    std::size_t shown = 0;
    Json request = Json::object();
    for (bool more = true; more;) {
      const Order page = site.ask(verb, request);
      ASSERT_FALSE(page.silent) << verb;
      ASSERT_EQ(page.error(), "") << verb;
      shown += page.answers.back()["kills"].size();
      more = page.answers.back().contains("next");
      if (more) request["after"] = page.answers.back()["next"];
    }
    EXPECT_EQ(shown, kKills) << verb;
  }
  std::size_t rows = 0;
  Json request{{"limit", 2'000}, {"kind", "kill"}, {"newest_first", true}};
  for (bool more = true; more;) {
    const Order page = site.ask("audit", request);
    ASSERT_FALSE(page.silent);
    rows += page.answers.back()["rows"].size();
    more = page.answers.back().contains("next");
    if (more) request["before"] = page.answers.back()["next"];
  }
  EXPECT_EQ(rows, kKills);
  const Order lifted = site.ask("ps", {{"kills_of", "acme/prod/x1"}});
  EXPECT_FALSE(lifted.silent);
}

TEST_F(RunningSite, AResumeOpensTheBridgeAndGivesANewLife) {
  Player& player = site.join("acme/prod/x", "aaaaaaa1");
  site.kill("acme/prod/x");
  const Order resume = site.resume("acme/prod/x");
  EXPECT_EQ(resume.stage("opened")["n"], 1);
  EXPECT_TRUE(resume.stage("done")["ok"]) << resume.stage("done");
  ASSERT_TRUE(site.until([&] { return player.orders.size() == 2; }));
  site.say_hello(player);
  EXPECT_GT(player.hello.incarnation, 0U);
  EXPECT_EQ(player.hello.incarnation, player.orders[1].resume().incarnation);
  EXPECT_TRUE(player.hello.latches.empty());
}

TEST_F(RunningSite, WhoDoesNotConfirmIsNamedAndTheOrderIsNotOk) {
  site.join("acme/prod/x", "aaaaaaa1");
  site.is_obedient = false;
  site.join("acme/prod/x", "aaaaaaa2");
  const Order kill = site.kill("acme/prod/x", {{"timeout_ms", 500}});
  EXPECT_EQ(kill.stage("stopped")["of"], 2);
  EXPECT_FALSE(kill.stage("done")["ok"]);
  EXPECT_EQ(kill.stage("fenced")["n"], 1);
}

TEST_F(RunningSite, CheckpointsAreKeptOverAKillAndHandedBack) {  // I12
  Player& player = site.join("acme/prod/x", "aaaaaaa1");
  schemas::StoreRequest put{StoreOp::kPut, "cursor", 0, 0, "42"};
  EXPECT_EQ(site.store(player, put).version, 1U);
  site.kill("acme/prod/x");
  put.expected_version = 1;
  put.bytes = "43";
  EXPECT_EQ(site.store(player, put).code, Errc::kOk);  // in its grace
  site.resume("acme/prod/x");
  EXPECT_EQ(site.store(player, put).code, Errc::kOldIncarnation);  // H52
  site.say_hello(player);
  ASSERT_EQ(player.hello.checkpoints.size(), 1U);
  EXPECT_EQ(player.hello.checkpoints[0].version, 2U);
  put.incarnation = player.hello.incarnation;
  EXPECT_EQ(site.store(player, put).code, Errc::kVersionConflict);
}

TEST_F(RunningSite, AnOrderSentTwiceIsOneRecord) {  // H28
  const Order first = site.kill("acme/prod/x", {{"op_id", "twice"}});
  const Order second = site.kill("acme/prod/x", {{"op_id", "twice"}});
  EXPECT_EQ(first.stage("accepted")["seq"], second.stage("accepted")["seq"]);
  EXPECT_TRUE(second.stage("done")["ok"]);
  EXPECT_EQ(site.kills_in_force(), 1U);
}

struct BadCommand {
  const char* verb;
  const char* json;
  const char* error;
};
constexpr BadCommand kBadCommands[] = {
    {"kill", R"({"reason":"r"})", "bad-scope"},  // only whom and who can be unclear
    {"resume", R"({"scope":"acme/prod/x"})", "missing-reason"},
    {"kill", R"({"scope":"acme/prod/x y","reason":"r"})", "bad-scope"},
    {"kill", R"({"scope":"acme.prod.x","reason":"r"})", "bad-scope"},
    {"kill", "not json", "malformed"},
    {"kill", "\x91\x91\x91", "malformed"},
    {"resume", R"({"scope":"acme/prod/x","reason":"r"})", "not-killed"},
    {"resume", R"({"scope":"acme/prod/ghost","reason":"r"})", "not-found"},
    {"resume", R"({"scope":"acme/prod/x","reason":"r","lift":[]})", "bad-argument"},
    {"get", R"({"address":"acme/prod/ghost"})", "not-found"},
    {"get", R"({"address":"acme/*"})", "bad-address"},
    {"explode", R"({})", "unknown-type"},
};

TEST_F(RunningSite, BadCommandsAreRefusedByNameAndChangeNothing) {  // H50
  site.join("acme/prod/x", "aaaaaaa1");
  for (const BadCommand& bad : kBadCommands) {
    EXPECT_EQ(site.ask(bad.verb, bad.json).error(), bad.error) << bad.verb << " " << bad.json;
  }
  EXPECT_EQ(site.kills_in_force(), 0U);
}

TEST_F(RunningSite, KillOfAnUnknownNameIsLatchedWithAWarning) {
  const Order kill = site.kill("acme/prod/ghost");
  EXPECT_NE(kill.answers.front().value("warning", "").find("nobody"), std::string::npos);
  EXPECT_EQ(site.join("acme/prod/ghost", "aaaaaaa1").hello.latches.size(), 1U);  // H44
}

TEST_F(RunningSite, QuestionsAreAnsweredFromWhatIsDurable) {
  Player& player = site.join("acme/prod/x", "aaaaaaa1");
  site.store(player, {StoreOp::kEffectBegin, "mail-7", 0, 0, ""});
  site.kill("acme/prod/x");
  const Json get = site.ask("get", {{"address", "acme/prod/x"}}).answers.back();
  EXPECT_EQ(get["effects_begun"][0]["key"], "mail-7");
  EXPECT_EQ(get["kills"][0]["actor"], "alice");
  const Json audit = site.ask("audit", {{"kind", "kill"}}).answers.back();
  EXPECT_EQ(audit["rows"][0]["subject"], "acme/prod/x");
  EXPECT_TRUE(site.ask("verify", Json::object()).answers.back()["ok"]);
  const std::string metrics = site.page("control", "/metrics");
  EXPECT_NE(metrics.find("estop_control_kills_total 1"), std::string::npos);
  EXPECT_NE(metrics.find("estop_control_fence_seconds_count 1"), std::string::npos);
}

// A unit file that was copied with `instance` in it: both processes have one credential, one name.
TEST_F(RunningSite, AKillOfTwoProcessesOfOneInstanceWaitsForBoth) {  // H57
  std::array<std::uint8_t, 32> seed{};
  for (Player* one :
       {&site.join("acme/prod/x", "aaaaaaa1"), &site.join("acme/prod/x", "aaaaaaa1")}) {
    one->key = schemas::SigningKey::from_bytes(schemas::KeyRole::kUser, seed);
    one->is_frozen = true;
    site.say_hello(*one);
    twins.push_back(one);
  }
  const Json wait{{"wait", {"stopped"}}, {"timeout_ms", 1'000}};
  EXPECT_FALSE(site.kill("acme/prod/x", wait).stage("done")["ok"]);  // both work on
  site.resume("acme/prod/x");
  for (Player* one : twins) site.say_hello(*one);
  twins.front()->is_frozen = false;
  const Order kill = site.kill("acme/prod/x", wait);
  ASSERT_EQ(kill.stage("stopped")["n"], 1);    // of the one that confirmed
  ASSERT_EQ(twins.back()->orders.size(), 3U);  // heard, and not confirmed
  EXPECT_FALSE(kill.stage("done")["ok"]);
}

TEST_F(RunningSite, ACleanStopEndsWithZeroAndALineInTheAudit) {
  EXPECT_EQ(site.control.terminate(std::chrono::seconds(5)), daemon::ExitStatus{});
  site.start_control();
  ASSERT_TRUE(site.leads());
  EXPECT_EQ(site.ask("audit", {{"kind", "control-stopped"}}).answers.back()["rows"].size(), 1U);
}

}  // namespace
}  // namespace estop::testing
