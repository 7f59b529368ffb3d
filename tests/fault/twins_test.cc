// SPDX-License-Identifier: Apache-2.0

// Two processes where everybody counts one: a rolling update, a unit file that was copied.
#include <gtest/gtest.h>

#include <chrono>

#include "broker-bridge/daemon/boot_clock.h"
#include "tests/fault/plant.h"

namespace estop::testing {
namespace {

constexpr int kKills = 200;
constexpr std::chrono::milliseconds kFrozen{100};        // a pause: the fence waits for its receipt
constexpr std::chrono::milliseconds kFrozenLong{1'500};  // two leases: it waits for its lease
constexpr int kLongEvery = 20;

class Twins : public ::testing::Test {
 protected:
  void SetUp() override {
    plant.start();
    plant.start_twin();
    ASSERT_TRUE(plant.site.until([&] { return plant.twin_is_open(); }, Plant::kHeals))
        << plant.logs();
    plant.crowd.drive(Plant::kLoad_per_s);
    ASSERT_TRUE(plant.flows());
  }
  // Kills an agent while the twin stands still; the other process of its id confirms at once.
  void kill_while_the_twin_is_frozen(std::chrono::milliseconds frozen) {
    plant.twin.signal(SIGSTOP);
    const auto thaws_ms = daemon::boot_ms() + frozen.count();
    bool is_frozen = true;
    const Plant::Given kill = plant.kill("acme/prod/a");
    ASSERT_TRUE(plant.site.until(
        [&] {
          if (is_frozen && daemon::boot_ms() >= thaws_ms) {
            plant.twin.signal(SIGCONT);
            is_frozen = false;
          }
          return kill->done && !is_frozen;
        },
        Plant::kHeals));
    ASSERT_NE(plant.stop_of(kill->stop).fenced_ns, 0) << plant.logs();
    leaks = plant.leaks().size();
    ASSERT_TRUE(plant.open(kill->stop)) << plant.logs();
    ASSERT_TRUE(plant.site.until([&] { return plant.twin_is_open(); }, Plant::kHeals));
  }
  Plant plant;
  std::size_t leaks = 0;  // intents delivered behind a fence
};

TEST_F(Twins, AFenceOfTwoProcessesOfOneBridgeIdWaitsForBoth) {  // H57
  for (int kill = 0; kill < kKills && leaks == 0 && !HasFatalFailure(); ++kill) {
    kill_while_the_twin_is_frozen(kill % kLongEvery == 0 ? kFrozenLong : kFrozen);
  }
  EXPECT_EQ(leaks, 0U);
}

}  // namespace
}  // namespace estop::testing
