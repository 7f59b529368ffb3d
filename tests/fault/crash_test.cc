// SPDX-License-Identifier: Apache-2.0

// Processes end or stand still at the worst moment: under load, in the middle of an order.
#include <gtest/gtest.h>

#include "broker-bridge/daemon/boot_clock.h"
#include "tests/fault/plant.h"

namespace estop::testing {
namespace {

class Crash : public ::testing::Test {
 protected:
  void SetUp() override {
    plant.start();
    plant.crowd.drive(Plant::kLoad_per_s);
    ASSERT_TRUE(plant.flows());
    plant.crowd.save_work();
  }
  // The orders still work, everything flows, and nothing was lost.
  void expect_whole() {
    plant.crowd.drive(Plant::kLoad_per_s);
    EXPECT_TRUE(plant.all_open()) << plant.logs();
    EXPECT_TRUE(plant.lift_all()) << plant.logs();
    EXPECT_TRUE(plant.flows()) << plant.logs();
    EXPECT_EQ(plant.wrong(), "");
  }
  // Until a lease, as everybody counts it, is over.
  void outlive_a_lease() {
    const auto over = daemon::boot_ms() + 2 * Plant::kLease_ms;
    ASSERT_TRUE(plant.site.until([&] { return daemon::boot_ms() >= over; }));
  }
  Plant plant;
};

TEST_F(Crash, KillNineOfABridgeIsFencedByItsLeaseAndTheOtherGoesOn) {
  plant.bridges[0].kill_now();
  Plant::Given kill;
  ASSERT_TRUE(plant.fence("acme/prod/a", &kill)) << plant.logs();
  EXPECT_EQ(kill->fenced["outlived"], Json({"b1"}));
  EXPECT_TRUE(plant.flows());
  plant.start_bridge(0);
  expect_whole();
}

TEST_F(Crash, KillNineOfControlClosesTheBridgesAndLosesNothing) {  // H25, H43
  const auto order = plant.kill("acme/*");
  ASSERT_TRUE(plant.site.until([&] { return plant.stop_of(order->stop).fenced_ns != 0; }));
  plant.site.control.kill_now();
  ASSERT_TRUE(plant.all_closed());
  const auto silence = plant.begin_silence();
  outlive_a_lease();
  plant.end_silence(silence);
  plant.site.start_control();
  ASSERT_TRUE(plant.site.leads()) << plant.logs();
  EXPECT_EQ(plant.site.kills_in_force(), 1U);
  expect_whole();
}

TEST_F(Crash, KillNineOfTheBrokerForgetsNoKillAndNoWork) {  // H29, H41
  ASSERT_TRUE(plant.fence("acme/prod/b")) << plant.logs();
  plant.crowd.save_work();
  plant.site.broker->kill();
  ASSERT_TRUE(plant.all_closed());
  plant.site.restart_broker();
  if (!plant.site.answers()) {  // the broker lost what it had not synced: the next start mends it
    EXPECT_EQ(plant.site.control.wait(Plant::kHeals)->code, 75) << plant.logs();
    plant.site.start_control();
  }
  ASSERT_TRUE(plant.site.leads()) << plant.logs();
  EXPECT_EQ(plant.site.kills_in_force(), 1U);
  expect_whole();
}

TEST_F(Crash, ABridgeThatSleptBeyondItsLeaseForwardsNothingOfTheKilled) {  // H22, H23, H33
  plant.bridges[0].signal(SIGSTOP);  // with whatever it had read, and more in its socket
  Plant::Given kill;
  ASSERT_TRUE(plant.fence("*", &kill)) << plant.logs();
  EXPECT_EQ(kill->fenced["outlived"], Json({"b1"}));
  ASSERT_TRUE(plant.crowd.settle());
  plant.bridges[0].signal(SIGCONT);
  ASSERT_TRUE(plant.all_open()) << plant.logs();
  expect_whole();
}

TEST_F(Crash, AControlThatSleptBeyondTheLeaseFindsClosedBridgesAndGoesOn) {  // H33
  plant.site.control.signal(SIGSTOP);
  ASSERT_TRUE(plant.all_closed());
  const auto silence = plant.begin_silence();
  const auto order = plant.kill("beta/*");  // waits in its socket
  outlive_a_lease();
  plant.end_silence(silence);
  plant.site.control.signal(SIGCONT);
  ASSERT_TRUE(plant.site.until([&] { return order->done; }, Plant::kHeals)) << plant.logs();
  EXPECT_NE(plant.stop_of(order->stop).fenced_ns, 0);
  expect_whole();
}

}  // namespace
}  // namespace estop::testing
