// SPDX-License-Identifier: Apache-2.0

// The broker forgets: its stream is lost, or comes back as it was some time ago.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/fault/plant.h"

namespace estop::testing {
namespace {

namespace fs = std::filesystem;

class Forgetting : public ::testing::Test {
 protected:
  void start() {
    plant.start();
    plant.crowd.drive(Plant::kLoad_per_s);
    ASSERT_TRUE(plant.flows());
    plant.crowd.save_work();
    ASSERT_TRUE(plant.fence("acme/prod/a")) << plant.logs();
    before = plant.crowd.history.stops.size() - 1;
  }

  // The broker is down; `change` does something to its files; control finds that out and ends, and
  // its next start makes the log whole again. The bridges were latched all the time.
  template <class Change>
  void come_back_with(Change&& change) {
    plant.site.broker->stop();
    ASSERT_TRUE(plant.all_closed()) << plant.logs();
    change();
    plant.site.restart_broker();
    ASSERT_TRUE(plant.site.until([&] { return !plant.site.control.running(); }, Plant::kHeals))
        << "control went on" << plant.logs();
    EXPECT_EQ(plant.site.control.wait(Plant::kHeals)->code, 75);
    EXPECT_NE(plant.site.log("control").find("log-broken"), std::string::npos);
    plant.site.start_control();
    ASSERT_TRUE(plant.site.leads()) << plant.logs();
  }

  // All that was killed still is, and no more; everything flows after the resumes.
  void expect_whole(std::size_t kills) {
    EXPECT_EQ(plant.site.kills_in_force(), kills) << plant.logs();
    EXPECT_TRUE(plant.all_open()) << plant.logs();
    EXPECT_TRUE(plant.lift_all()) << plant.logs();
    EXPECT_TRUE(plant.flows()) << plant.logs();
    EXPECT_EQ(plant.wrong(), "");
  }

  [[nodiscard]] fs::path store() const { return plant.site.data.path() / "nats"; }

  Plant plant;
  std::size_t before = 0;  // the first kill
};

// H62: a rolling update. It takes nobody any more, and has shut its streams.
TEST_F(Forgetting, AKillIsFencedByABrokerThatGoesAwayAndHoldsBehindIt) {
  start();
  plant.site.broker->signal(SIGUSR2);
  const auto told = [&](const char* part) {
    return plant.site.log(part).find("lame duck") != std::string::npos;
  };
  ASSERT_TRUE(plant.site.until([&] { return told("control") && told("b1") && told("b2"); }));
  EXPECT_TRUE(plant.fence("acme/prod/b")) << plant.logs();
  plant.site.broker->kill();
  ASSERT_TRUE(plant.all_closed()) << plant.logs();
  plant.site.restart_broker();
  if (!plant.site.answers()) plant.site.start_control();
  ASSERT_TRUE(plant.site.leads()) << plant.logs();
  expect_whole(2);
}

TEST_F(Forgetting, ALostStreamIsSeededAgainAndEveryLatchHolds) {  // H29
  start();
  come_back_with([&] { fs::remove_all(store()); });
  expect_whole(1);
}

// The old copy has the kill of a, but not its resume; and not the kill of b.
TEST_F(Forgetting, AnOldCopyOfTheStreamOpensNothingAndIsBroughtUpToDate) {  // H29
  start();
  plant.site.broker->stop();
  ASSERT_TRUE(plant.all_closed());
  fs::copy(store(), store().string() + ".old", fs::copy_options::recursive);
  plant.site.restart_broker();
  ASSERT_TRUE(plant.site.leads() && plant.all_open()) << plant.logs();
  ASSERT_TRUE(plant.open(before)) << plant.logs();
  ASSERT_TRUE(plant.fence("acme/prod/b")) << plant.logs();
  come_back_with([&] {
    fs::remove_all(store());
    fs::rename(store().string() + ".old", store());
  });
  expect_whole(1);
}

}  // namespace
}  // namespace estop::testing
