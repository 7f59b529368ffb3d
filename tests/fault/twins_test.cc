// Two processes where everybody counts one: a rolling update, a unit file that was copied.
#include <gtest/gtest.h>

#include "broker-bridge/ops/boot_clock.h"
#include "tests/fault/plant.h"
#include "tests/support/not_yet.h"

namespace estop::testing {
namespace {

constexpr int kKills = 200;
constexpr std::int64_t kFrozen_ms = 500;  // less than a lease

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
  // Kills an agent while the twin stands still; the other process of its id confirms.
  void kill_while_the_twin_is_frozen() {
    plant.twin.signal(SIGSTOP);
    const auto thaws = ops::boot_ms() + kFrozen_ms;
    Plant::Given kill;
    ASSERT_TRUE(plant.fence("acme/prod/a", &kill)) << plant.logs();
    ASSERT_TRUE(plant.site.until([&] { return ops::boot_ms() >= thaws; }));
    plant.twin.signal(SIGCONT);
    leaks = plant.leaks().size();
    ASSERT_TRUE(plant.open(kill->stop)) << plant.logs();
  }
  Plant plant;
  std::size_t leaks = 0;  // intents delivered behind a fence
};

TEST_F(Twins, AFenceOfTwoProcessesOfOneBridgeIdWaitsForBoth) {  // H57
  for (int kill = 0; kill < kKills && leaks == 0; ++kill) kill_while_the_twin_is_frozen();
  EXPECT_NOT_YET(leaks == 0, "a receipt names a bridge, not its process: protocol 2");
}

}  // namespace
}  // namespace estop::testing
