// SPDX-License-Identifier: Apache-2.0

// `estop carry`: what an old data folder keeps begins a new one.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "tests/integration/cli/embedded.h"

namespace estop::cli {
namespace {

class CliCarry : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(embedded.up());
    ASSERT_EQ(kill("acme/prod/mailer", "k1").exit_code, 0);
    ASSERT_EQ(kill("acme/test/*", "k2").exit_code, 0);
    ASSERT_EQ(resume("acme/prod/mailer").exit_code, 0);
  }
  Outcome kill(const std::string& scope, const std::string& op_id) {
    return embedded.estop({"kill", scope, "--reason", "sends broken links", "--op-id", op_id});
  }
  Outcome resume(const std::string& scope) {
    return embedded.estop({"resume", scope, "--yes", "--reason", "links are mended"});
  }
  void end() {
    embedded.process().signal(SIGINT);
    ASSERT_TRUE(embedded.process().wait(std::chrono::seconds(20))) << embedded.said();
  }
  Outcome carry() { return embedded.estop({"carry", embedded.data(), embedded.file("new")}); }
  Embedded embedded;
};

TEST_F(CliCarry, AKillHoldsInTheNewFolderAndIsLiftedByAnOrdinaryResume) {
  ASSERT_NO_FATAL_FAILURE(end());
  const Outcome carried = carry();
  EXPECT_EQ(carried.exit_code, 0) << carried.text;
  EXPECT_TRUE(carried.says("kills        1 hold")) << carried.text;
  EXPECT_TRUE(carried.says("acme/test/*")) << carried.text;
  embedded.use("new");
  ASSERT_NO_FATAL_FAILURE(embedded.up());
  const Outcome status = embedded.estop({"status", "-o", "json"});
  EXPECT_TRUE(status.says("\"k2\"")) << status.text;
  EXPECT_FALSE(status.says("\"k1\"")) << status.text;
  EXPECT_EQ(embedded.estop({"audit", "verify"}).exit_code, 0);
  const Outcome resumed = resume("acme/test/*");
  EXPECT_EQ(resumed.exit_code, 0) << resumed.text;
}

TEST_F(CliCarry, AFolderInUseIsRefusedAndNothingIsMade) {
  const Outcome carried = carry();
  EXPECT_EQ(carried.exit_code, 1) << carried.text;
  EXPECT_TRUE(carried.says("in use by another control")) << carried.text;
  EXPECT_FALSE(std::filesystem::exists(embedded.file("new")));
}

TEST_F(CliCarry, AFolderThatHoldsSomethingIsNotOverwritten) {
  ASSERT_NO_FATAL_FAILURE(end());
  ASSERT_EQ(carry().exit_code, 0);
  const Outcome again = carry();
  EXPECT_EQ(again.exit_code, 1) << again.text;
  EXPECT_TRUE(again.says("is not empty")) << again.text;
}

}  // namespace
}  // namespace estop::cli
