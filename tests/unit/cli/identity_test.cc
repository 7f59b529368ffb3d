// SPDX-License-Identifier: Apache-2.0

// In whose name a command goes out: never in another one unsaid, and with one file.
#include "control/cli/identity.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/support/operator_creds.h"
#include "tests/support/temp_dir.h"

namespace estop::cli {
namespace {

namespace fs = std::filesystem;
using schemas::Errc;

class CliIdentity : public ::testing::Test {
 protected:
  void SetUp() override {
    common.data = folder.file("data");
    fs::create_directories(folder.file("data/creds"));
  }
  std::string put(const std::string& file, const std::string& text) {
    const std::string path = folder.file("data/creds/" + file);
    std::ofstream(path) << text;
    ::chmod(path.c_str(), 0600);
    return path;
  }
  std::string put_operator(const std::string& name) {
    return put("operator-" + name + ".creds", testing::operator_creds(name));
  }
  void asks_for(const std::string& name, NamedBy by) {
    common.operator_name = by == NamedBy::kNobody ? "operator" : name;
    common.user = by == NamedBy::kOption ? "" : name;
    common.named_by = by;
  }
  // The name, or the sentence of the refusal.
  std::string acts(Use use = Use::kStop) {
    const auto found = find_identity(common, use);
    notices = found ? found->notices.size() : 0;
    code = found ? Errc::kOk : found.error().code;
    return found ? found->name.text() : found.error().detail;
  }
  bool refuses_with(const std::string& words) { return acts().find(words) != std::string::npos; }

  testing::TempDir folder;
  Common common;
  std::size_t notices = 0;
  Errc code = Errc::kOk;
};

TEST_F(CliIdentity, WhoIsNamedActsIfHeHasCredentials) {
  put_operator("alice");
  put_operator("bob");
  for (const NamedBy by : {NamedBy::kUser, NamedBy::kOption}) {
    asks_for("bob", by);
    EXPECT_EQ(acts(), "bob");
    EXPECT_EQ(notices, 0U);
  }
}

TEST_F(CliIdentity, AnOperatorIsNeverMadeByBeingNamed) {
  put_operator("alice");
  asks_for("alcie", NamedBy::kOption);
  EXPECT_TRUE(refuses_with("`estop auth operator alcie`"));
  EXPECT_EQ(code, Errc::kNotFound);
  EXPECT_FALSE(fs::exists(folder.file("data/creds/operator-alcie.creds")));
}

TEST_F(CliIdentity, AUserWhoIsNobodyHereActsAsTheOnlyOperatorAndIsTold) {
  put_operator("alice");
  for (const char* user : {"carol", "Al.Ice", ""}) {
    asks_for(user, *user == 'c' ? NamedBy::kUser : NamedBy::kNobody);
    EXPECT_EQ(acts(), "alice") << user;
    EXPECT_EQ(notices, 1U) << user;
  }
}

TEST_F(CliIdentity, OfSeveralOperatorsNoneIsGuessed) {
  put_operator("alice");
  put_operator("bob");
  asks_for("carol", NamedBy::kUser);
  EXPECT_TRUE(refuses_with("alice, bob"));
  EXPECT_EQ(code, Errc::kBadArgument);
  put_operator("operator");
  asks_for("Al.Ice", NamedBy::kNobody);
  EXPECT_EQ(acts(), "operator") << "whom `estop up` made for such a user";
  EXPECT_EQ(notices, 1U);
}

TEST_F(CliIdentity, ACredentialsFileSaysWhoItIs) {
  asks_for("", NamedBy::kNobody);
  common.creds = put_operator("alice");
  common.data = "/nowhere";
  EXPECT_EQ(acts(), "alice");
  EXPECT_EQ(notices, 0U);
  asks_for("bob", NamedBy::kOption);
  EXPECT_TRUE(refuses_with("those of alice, not of bob"));
  EXPECT_EQ(code, Errc::kBadArgument);
}

TEST_F(CliIdentity, WhatIsWrongWithAFileIsSaidAndSoIsTheWayOut) {
  const std::string whole = testing::operator_creds("alice");
  asks_for("alice", NamedBy::kOption);
  const struct {
    std::string text;
    const char* says;
  } kCases[] = {
      {"", "it is empty"},
      {"hello", "NATS USER JWT"},
      {whole.substr(0, whole.find("-----BEGIN USER NKEY")), "SEED"},
      {std::string(300'000, 'x'), "too large"},
  };
  for (const auto& c : kCases) {
    put("operator-alice.creds", c.text);
    EXPECT_TRUE(refuses_with(c.says)) << acts();
    EXPECT_TRUE(refuses_with("--creds FILE")) << acts();
    EXPECT_EQ(code, Errc::kUnauthenticated);
  }
  fs::remove(folder.file("data/creds/operator-alice.creds"));
  fs::create_directories(folder.file("data/creds/operator-alice.creds"));
  EXPECT_TRUE(refuses_with("no plain file")) << acts();
}

TEST_F(CliIdentity, AKeyFileForEverybodyIsRefusedButForAKill) {
  ::chmod(put_operator("alice").c_str(), 0644);
  asks_for("alice", NamedBy::kOption);
  EXPECT_EQ(acts(Use::kStop), "alice");
  EXPECT_EQ(notices, 1U);
  EXPECT_NE(acts(Use::kOther).find("chmod 600"), std::string::npos);
  EXPECT_EQ(code, Errc::kUnauthenticated);
  ::chmod(folder.file("data/creds/operator-alice.creds").c_str(), 0440);
  EXPECT_EQ(acts(Use::kOther), "alice") << "a group may: mounted secrets are so";
}

TEST_F(CliIdentity, WhoBecameAViewerActsAsOne) {
  const std::string older = put_operator("alice");
  fs::last_write_time(older, fs::last_write_time(older) - std::chrono::hours(1));
  const std::string viewer = put("viewer-alice.creds", testing::operator_creds("alice"));
  asks_for("alice", NamedBy::kUser);
  const auto found = find_identity(common, Use::kOther);
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(found->creds_file, viewer);
}

}  // namespace
}  // namespace estop::cli
