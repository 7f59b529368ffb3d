// SPDX-License-Identifier: Apache-2.0

// The operator's evening: orders and questions through the real `estop`, with exit codes as scripts
// see them.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/integration/cli/embedded.h"

namespace estop::cli {
namespace {

class CliOrders : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(embedded_.up()); }
  void expect(std::vector<std::string> words, int exit_code, const std::string& says) {
    const Outcome outcome = embedded_.estop(words);
    EXPECT_EQ(outcome.exit_code, exit_code) << ::testing::PrintToString(words) << outcome.text;
    EXPECT_NE(outcome.text.find(says), std::string::npos)
        << ::testing::PrintToString(words) << " says " << outcome.text;
  }
  Embedded embedded_;
};

TEST_F(CliOrders, AKillOfNobodyLatchesWithAWarningAndAResumeLiftsIt) {
  expect({"kill", "acme/prod/nobody", "--reason", "a drill"}, 0, "fenced     1/1 bridge");
  expect({"ps"}, 0, "acme/prod/nobody");
  expect({"kill", "acme/prod/nobody", "--reason", "again"}, 0, "accepted");
  expect({"status"}, 0, "a drill");
  expect({"resume", "acme/prod/nobody", "--reason", "drill is over", "--yes"}, 0, "This lifts:");
  expect({"resume", "acme/prod/nobody", "--reason", "once more", "-y"}, 3, "no kill of exactly");
}

TEST_F(CliOrders, MistakesHaveTheirExitCode) {
  expect({"get", "acme/prod/nobody"}, 3, "not-found");
  expect({"resume", "acme/prod/nobody", "--reason", "x", "--yes"}, 3, "it is not killed");
  expect({"kill", "acme/prod/nobody"}, 2, "needs a reason");
  expect({"kill", "acme prod", "--reason", "x"}, 2, "acme prod");
  expect({"status", "--creds", "/nonexistent.creds"}, 4, "cannot be used");
}

TEST_F(CliOrders, TheAuditHasWhoAndWhyAndItsChainIsWhole) {
  expect({"auth", "operator", "alice"}, 0, "alice");
  expect({"--as", "alice", "kill", "acme/*", "--reason", "a drill", "--now"}, 0, "fenced");
  expect({"audit", "list"}, 0, "alice");
  expect({"audit", "verify"}, 0, "the chain is whole");
  std::istringstream lines(embedded_.estop({"audit", "export"}).out);
  int kills = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto row = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(row.is_object()) << line;
    kills += row.value("kind", "") == "kill" && row.value("actor", "") == "alice";
  }
  EXPECT_EQ(kills, 1);
}

// H30, H50: with `--second-operator` nobody opens anything, or stops everybody, alone.
TEST(CliSecondOperator, ApprovesWhatAnotherOrdered) {
  Embedded estop;
  ASSERT_NO_FATAL_FAILURE(estop.up({"--second-operator", "resume,fleet-kill"}));
  const auto say = [&](std::vector<std::string> words) { return estop.estop(std::move(words)); };
  for (const char* name : {"alice", "bob"}) {
    ASSERT_EQ(say({"auth", "operator", name}).exit_code, 0);
  }
  const auto waits = [](const Outcome& outcome) {
    EXPECT_EQ(outcome.exit_code, 6) << outcome.text;
    return outcome.text.find("another operator has to") != std::string::npos;
  };
  EXPECT_EQ(say({"--as", "alice", "kill", "acme/prod/x", "--reason", "a drill"}).exit_code, 0);
  EXPECT_TRUE(waits(say({"--as", "alice", "resume", "acme/prod/x", "--reason", "over", "--yes",
                         "--op-id", "r1", "--timeout", "1s"})));
  EXPECT_NE(say({"status"}).text.find("order r1: resume acme/prod/x by alice: over"),
            std::string::npos);
  EXPECT_EQ(say({"--as", "alice", "approve", "r1", "--reason", "mine", "--yes"}).exit_code, 4);
  EXPECT_EQ(say({"--as", "bob", "approve", "r9", "--reason", "which?", "--yes"}).exit_code, 3);
  const Outcome approved = say({"--as", "bob", "approve", "r1", "--reason", "seen", "--yes"});
  EXPECT_EQ(approved.exit_code, 0) << approved.text;
  EXPECT_NE(approved.text.find("opened     1/1"), std::string::npos) << approved.text;

  EXPECT_TRUE(waits(say({"--as", "alice", "kill", "--fleet", "--reason", "all of them", "--op-id",
                         "k2", "--timeout", "1s"})));
  EXPECT_EQ(say({"ps", "-o", "json"}).text.find("all of them"), std::string::npos);
  const Outcome fleet = say({"--as", "bob", "approve", "k2", "--reason", "yes, all", "--yes"});
  EXPECT_EQ(fleet.exit_code, 0) << fleet.text;
  EXPECT_NE(fleet.text.find("fenced     1/1"), std::string::npos) << fleet.text;
  EXPECT_EQ(say({"audit", "verify"}).exit_code, 0);
}

TEST_F(CliOrders, JsonIsJsonAndNothingElse) {
  const auto ps = nlohmann::json::parse(embedded_.estop({"ps", "-o", "json"}).out, nullptr, false);
  ASSERT_TRUE(ps.is_array());
  EXPECT_TRUE(ps.at(0).contains("agents"));
  std::istringstream lines(embedded_.estop({"kill", "a/b/c", "-r", "x", "-o", "jsonl"}).out);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(nlohmann::json::parse(line, nullptr, false).is_object()) << line;
  }
}

TEST_F(CliOrders, AKillIsKeptOverARestartOfEverything) {
  expect({"kill", "acme/prod/x", "--reason", "a drill"}, 0, "durable");
  embedded_.process().kill_now();
  ASSERT_NO_FATAL_FAILURE(embedded_.up());
  expect({"ps"}, 0, "acme/prod/x");
}

}  // namespace
}  // namespace estop::cli
