// SPDX-License-Identifier: Apache-2.0

// Two controls at once, of which each believes to be the only one. H43, I11.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/fault/plant.h"

namespace estop::testing {
namespace {

namespace fs = std::filesystem;

class TwoControls : public ::testing::Test {
 protected:
  void SetUp() override {
    plant.start();
    plant.crowd.drive(Plant::kLoad_per_s);
    ASSERT_TRUE(plant.flows());
    plant.crowd.save_work();
    ASSERT_TRUE(plant.fence("acme/*")) << plant.logs();
  }
  daemon::ChildProcess second_control(const std::string& data) {
    daemon::SpawnOptions spawn;
    spawn.command = {ESTOP_CONTROL_PROGRAM,           "--data",           data, "--url",
                     plant.site.broker->url(),        "--bridge-beat-ms", "50", "--bridge-lease-ms",
                     std::to_string(Plant::kLease_ms)};
    spawn.log_file = data + "-second.log";
    return daemon::ChildProcess::spawn(spawn).value();
  }
  Plant plant;
};

TEST_F(TwoControls, OnOneDataFolderTheSecondEndsAtOnce) {
  daemon::ChildProcess second = second_control(plant.site.data.path().string());
  const auto ended = second.wait(Plant::kHeals);
  ASSERT_TRUE(ended) << "it runs beside the first";
  EXPECT_EQ(ended->code, 1);
  EXPECT_TRUE(plant.site.control.running());
  EXPECT_TRUE(plant.lift_all());
  EXPECT_TRUE(plant.flows());
  EXPECT_EQ(plant.wrong(), "");
}

// Somebody restored a backup beside the running control: the log has one writer, whoever wins.
TEST_F(TwoControls, WithCopiedDataOneIsDeposedAndNothingOpens) {
  const std::string copy = plant.site.data.file("copy");
  for (const char* folder : {"keys", "creds", "control"}) {
    fs::create_directories(copy);
    fs::copy(plant.site.data.path() / folder, fs::path(copy) / folder, fs::copy_options::recursive);
  }
  daemon::ChildProcess second = second_control(copy);
  ASSERT_TRUE(plant.site.until([&] { return !second.running() || !plant.site.control.running(); },
                               Plant::kHeals))
      << "both lead" << plant.logs();
  daemon::ChildProcess& deposed = second.running() ? plant.site.control : second;
  EXPECT_EQ(deposed.wait(Plant::kHeals)->code, 75) << plant.logs();
  EXPECT_EQ(plant.site.kills_in_force(), 1U) << plant.logs();
  ASSERT_TRUE(plant.crowd.settle(Plant::kHeals));
  second.kill_now();
  if (!plant.site.control.running()) plant.site.start_control();
  ASSERT_TRUE(plant.site.leads()) << plant.logs();
  EXPECT_EQ(plant.site.kills_in_force(), 1U) << plant.logs();
  EXPECT_TRUE(plant.all_open()) << plant.logs();
  EXPECT_TRUE(plant.lift_all()) << plant.logs();
  EXPECT_TRUE(plant.flows()) << plant.logs();
  EXPECT_EQ(plant.wrong(), "");
}

}  // namespace
}  // namespace estop::testing
