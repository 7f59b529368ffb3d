// SPDX-License-Identifier: Apache-2.0

// estop-bridge when its neighbours are silent, frozen, restarted or gone. Hazards H23, H33, H34;
// I5, I6.
#include <gtest/gtest.h>

#include "tests/integration/bridge/stage.h"

namespace estop::testing {
namespace {

class BridgeFaultTest : public ::testing::Test {
 protected:
  void SetUp() override {
    stage.start_bridge();
    ASSERT_TRUE(stage.opens()) << stage.page("/readyz");
    ASSERT_TRUE(stage.until([&] { return stage.hears_intents(); }));
    stage.send(x, y);
    ASSERT_TRUE(stage.until([&] { return y.delivered == 1; }));
  }
  Stage stage;
  Actor& x = stage.actor("acme/prod/x");
  Actor& y = stage.actor("acme/prod/y");
};

TEST_F(BridgeFaultTest, H23_WhenControlFallsSilentItClosesWithinItsLease) {
  stage.granting = false;
  EXPECT_TRUE(stage.until([&] { return !stage.hears_intents(); },
                          std::chrono::milliseconds(3 * Stage::kLease_ms)));
  EXPECT_NE(stage.page("/readyz").find("no contact with control for 1125 ms"), std::string::npos);
  stage.send(x, y);
  stage.settle();
  EXPECT_EQ(y.delivered, 1U);
  stage.granting = true;
  EXPECT_TRUE(stage.opens());
}

TEST_F(BridgeFaultTest, H33_FrozenBeyondItsLeaseItForwardsNothingOfWhatWaited) {
  stage.bridge.signal(SIGSTOP);
  stage.send(x, y, 1000);
  stage.settle();
  const auto frozen = std::chrono::steady_clock::now();
  ASSERT_TRUE(stage.until([&] {
    return std::chrono::steady_clock::now() - frozen >
           std::chrono::milliseconds(2 * Stage::kLease_ms);
  }));
  stage.granting = false;
  stage.bridge.signal(SIGCONT);
  const auto beats = stage.beats.size();
  ASSERT_TRUE(stage.until([&] { return stage.beats.size() > beats + 3; }));
  stage.settle();
  EXPECT_EQ(y.delivered, 1U);
  for (const auto& refusal : x.refusals) EXPECT_EQ(refusal[0].second, "503");
}

TEST_F(BridgeFaultTest, H34_AfterABrokerRestartItOpensAgainAndReplaysNothing) {
  stage.broker->kill();
  stage.send(x, y, 10);
  stage.broker->restart();
  ASSERT_TRUE(stage.until([&] {
    return stage.control->is_connected() && stage.ear->is_connected() &&
           y.connection->is_connected() && x.connection->is_connected();
  }));
  ASSERT_TRUE(stage.opens()) << stage.page("/readyz");
  ASSERT_TRUE(stage.until([&] { return stage.hears_intents(); }));
  stage.settle();
  EXPECT_EQ(y.delivered, 1U);
  stage.send(x, y);
  EXPECT_TRUE(stage.until([&] { return y.delivered == 2; }));
}

TEST_F(BridgeFaultTest, KilledByTheSystemItLetsNothingThroughAndComesBackWithItsLatches) {
  stage.publish(stage.log.kill("acme/prod/x", "k1"));
  ASSERT_TRUE(stage.until([&] { return !stage.receipts.empty(); }));
  ASSERT_TRUE(stage.committed());
  stage.bridge.kill_now();
  ASSERT_TRUE(stage.until([&] { return !stage.hears_intents(); }));
  stage.send(x, y, 10);
  stage.settle();
  EXPECT_EQ(y.delivered, 1U);
  stage.start_bridge();
  ASSERT_TRUE(stage.opens());
  ASSERT_TRUE(stage.until([&] { return stage.hears_intents(); }));
  stage.send(x, y);
  ASSERT_TRUE(stage.until([&] { return !x.refusals.empty(); }));
  EXPECT_EQ(x.refusals[0][0].second, "403");
}

}  // namespace
}  // namespace estop::testing
