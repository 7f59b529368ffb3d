// SPDX-License-Identifier: Apache-2.0

// What operators are told once older lines of the audit were exported and cut away.
#include <gtest/gtest.h>

#include "control/recorder/audit_cut.h"
#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

class AuditCutTest : public ::testing::Test {
 protected:
  AuditCutTest() {
    world.start();
    world.open("b1");
    world.kill("acme/prod/x", "k1");
    world.receipt("b1", "k1");
    while (world.audit[kill_line++].kind != "kill") {
    }
  }
  Json cut(std::uint64_t through, const Json& more = Json::object()) {
    Json request{{"through", through},
                 {"hash", std::string(64, 'a')},
                 {"kept_at", "backup:/audit.jsonl"},
                 {"reason", "the disk is small"}};
    request.update(more);
    return world.answers(world.ask("cut", request)).back();
  }
  Json ask(const std::string& verb, const Json& request) {
    return world.answers(world.ask(verb, request)).back();
  }
  World world;
  std::size_t kill_line = 0;  // number of its line
};

TEST_F(AuditCutTest, SaysWhereTheAuditBeginsToWhomAsksForWhatIsGone) {
  const Json answer = cut(kill_line);
  ASSERT_TRUE(answer.contains("cut")) << answer;
  EXPECT_EQ(answer["cut"]["through"], kill_line);
  EXPECT_EQ(answer["cut"]["kept_at"], "backup:/audit.jsonl");
  EXPECT_EQ(answer["cut"]["actor"], "alice");
  EXPECT_EQ(ask("audit", {{"after", 0}})["cut"], answer["cut"]);
  EXPECT_EQ(ask("audit", {{"newest_first", true}})["cut"], answer["cut"]);
  EXPECT_FALSE(ask("audit", {{"after", kill_line}}).contains("cut"));
  world.restart();
  EXPECT_EQ(ask("audit", {{"after", 0}})["cut"], answer["cut"]);
}

TEST_F(AuditCutTest, AKillThatHoldsSaysWhereItsLineIs) {
  ASSERT_TRUE(cut(kill_line).contains("cut"));
  const std::string again = world.kill("acme/prod/x", "k1");
  EXPECT_EQ(world.stage(again, "durable")["kept_at"], "backup:/audit.jsonl");
  EXPECT_EQ(world.stage(again, "durable")["audit"], kill_line);
  world.kill("acme/prod/y", "k2");
  EXPECT_FALSE(world.stage(world.kill("acme/prod/y", "k2"), "durable").contains("kept_at"));
  EXPECT_FALSE(ask("ps", Json::object())["kills"].empty());
}

TEST_F(AuditCutTest, AControlThatStartedSinceSaysItToo) {
  const std::size_t after = world.audit.size();
  world.kill("acme/prod/y", "k2");
  ASSERT_TRUE(cut(after).contains("cut"));
  world.restart();
  world.pass(2'000);
  const Json gone = world.stage(world.kill("acme/prod/x", "k1"), "durable");
  EXPECT_EQ(gone["kept_at"], "backup:/audit.jsonl");
  EXPECT_FALSE(gone.contains("audit"));
  const Json there = world.stage(world.kill("acme/prod/y", "k2"), "durable");
  EXPECT_GT(there["audit"], after);
  EXPECT_FALSE(there.contains("kept_at"));
}

TEST_F(AuditCutTest, OneThatIsRefusedIsOnRecordAndChangesNothing) {
  const auto lines = world.audit.size();
  const Json answer = cut(lines + 10);
  EXPECT_EQ(answer["error"]["name"], "not-found");
  EXPECT_EQ(world.audit.back().kind, "refused");
  EXPECT_FALSE(ask("audit", {{"after", 0}}).contains("cut"));
}

TEST_F(AuditCutTest, GivenTwiceIsOneCut) {
  const Json first = cut(kill_line);
  const auto lines = world.audit.size();
  EXPECT_EQ(cut(kill_line), first);
  EXPECT_EQ(world.audit.size(), lines);
}

TEST_F(AuditCutTest, IsRefusedUnsignedAndWithoutAReason) {
  EXPECT_EQ(cut(1, {{"reason", " "}})["error"]["name"], "missing-reason");
  EXPECT_EQ(cut(1, {{"hash", "12"}})["error"]["name"], "bad-argument");
  EXPECT_EQ(cut(1, {{"kept_at", ""}})["error"]["name"], "bad-argument");
  EXPECT_EQ(cut(0)["error"]["name"], "bad-argument");
  world.takes_unsigned = false;
  world.restart();
  EXPECT_EQ(cut(1)["error"]["name"], "bad-signature");
}

}  // namespace
}  // namespace estop::control
