// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/core/peer_kills.h"

#include <gtest/gtest.h>

namespace estop::agent {
namespace {

using std::chrono::milliseconds;

class PeerKillsTest : public testing::Test {
 protected:
  static schemas::Record kill(const std::string& op_id, const std::string& scope) {
    schemas::Record record;
    record.op_id = op_id;
    record.kill().scope = *schemas::Scope::parse(scope);
    return record;
  }
  bool admits(const std::string& sender, std::uint64_t incarnation, BootTime now = {}) {
    return kills_.admits(*schemas::Address::parse(sender), "k3j9x2ab", incarnation, now);
  }
  PeerKills kills_{milliseconds{5'000}, 3};
};

TEST_F(PeerKillsTest, AKillShutsItsScopeOutAndNobodyElse) {  // H22
  kills_.killed(kill("k", "acme/prod/rogue"), {});
  EXPECT_FALSE(admits("acme/prod/rogue", 0));
  EXPECT_TRUE(admits("acme/prod/other", 0));
}

TEST_F(PeerKillsTest, AResumeLetsOnlyTheNewIncarnationIn) {  // H46
  kills_.killed(kill("k", "acme/*"), {});
  kills_.resumed({.scope = *schemas::Scope::parse("acme/*"), .lifts = {"k"}, .incarnation = 7});
  EXPECT_FALSE(admits("acme/prod/rogue", 6));
  EXPECT_TRUE(admits("acme/prod/rogue", 7));
}

TEST_F(PeerKillsTest, AKillIsForgottenWhenNothingCanBeOnItsWayAnyMore) {
  kills_.killed(kill("k", "*"), {});
  EXPECT_FALSE(admits("acme/prod/rogue", 0, milliseconds{4'999}));
  EXPECT_TRUE(admits("acme/prod/rogue", 0, milliseconds{5'000}));
  EXPECT_EQ(kills_.size(), 0U);
}

TEST_F(PeerKillsTest, AnInstanceScopeLetsItsSiblingsIn) {
  kills_.killed(kill("k", "acme/prod/rogue@k3j9x2ab"), {});
  kills_.killed(kill("k", "acme/prod/rogue@k3j9x2ab"), {});
  EXPECT_EQ(kills_.size(), 1U);
  EXPECT_FALSE(admits("acme/prod/rogue", 0));
  EXPECT_TRUE(kills_.admits(*schemas::Address::parse("acme/prod/rogue"), "sibling1", 0, {}));
}

TEST_F(PeerKillsTest, TheOldestKillGivesWayAtTheBound) {
  for (const char* op_id : {"a", "b", "c", "d"}) {
    kills_.killed(kill(op_id, std::string("acme/prod/") + op_id), {});
  }
  EXPECT_EQ(kills_.size(), 3U);
  EXPECT_TRUE(admits("acme/prod/a", 0));
  EXPECT_FALSE(admits("acme/prod/d", 0));
}

// One op id may come with two scopes: each is a kill of its own.
TEST_F(PeerKillsTest, TwoScopesOfOneOpIdAreTwoKills) {  // H56
  kills_.killed(kill("k", "acme/prod/rogue"), {});
  kills_.killed(kill("k", "acme/prod/mailer"), {});
  kills_.resumed(
      {.scope = *schemas::Scope::parse("acme/prod/mailer"), .lifts = {"k"}, .incarnation = 7});
  EXPECT_TRUE(admits("acme/prod/mailer", 7));
  EXPECT_FALSE(admits("acme/prod/rogue", 7));
}

}  // namespace
}  // namespace estop::agent
