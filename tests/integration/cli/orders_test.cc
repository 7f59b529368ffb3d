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
  expect({"resume", "acme/prod/nobody", "--reason", "drill is over"}, 0, "This lifts:");
  expect({"resume", "acme/prod/nobody", "--reason", "once more"}, 3, "no kill of exactly");
}

TEST_F(CliOrders, MistakesHaveTheirExitCode) {
  expect({"get", "acme/prod/nobody"}, 3, "not-found");
  expect({"resume", "acme/prod/nobody", "--reason", "x"}, 3, "it is not killed");
  expect({"kill", "acme/prod/nobody"}, 2, "needs a reason");
  expect({"kill", "acme prod", "--reason", "x"}, 2, "acme prod");
  expect({"status", "--creds", "/nonexistent.creds"}, 4, "cannot be read");
}

TEST_F(CliOrders, TheAuditHasWhoAndWhyAndItsChainIsWhole) {
  expect({"--as", "alice", "kill", "acme/*", "--reason", "a drill", "--now"}, 0, "fenced");
  expect({"audit", "list"}, 0, "alice");
  expect({"audit", "verify"}, 0, "the chain is whole");
  std::istringstream lines(embedded_.estop({"audit", "export"}).text);
  int kills = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto row = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(row.is_object()) << line;
    kills += row.value("kind", "") == "kill" && row.value("actor", "") == "alice";
  }
  EXPECT_EQ(kills, 1);
}

TEST_F(CliOrders, JsonIsJsonAndNothingElse) {
  const auto ps = nlohmann::json::parse(embedded_.estop({"ps", "-o", "json"}).text, nullptr, false);
  ASSERT_TRUE(ps.is_array());
  EXPECT_TRUE(ps.at(0).contains("agents"));
  std::istringstream lines(embedded_.estop({"kill", "a/b/c", "-r", "x", "-o", "jsonl"}).text);
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
