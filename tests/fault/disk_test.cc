// SPDX-License-Identifier: Apache-2.0

// A disk is full: control's, the broker's, before it starts and while it runs. These mount a small
// file system: root, else skipped.
#include <gtest/gtest.h>

#include <filesystem>
#include <iostream>

#include "tests/fault/plant.h"
#include "tests/support/small_disk.h"

namespace estop::testing {
namespace {

constexpr const char* kNoRight = "no right to mount a small file system";

// Nobody has that address: the crowd does not care what happens to it.
constexpr const char* kUnused = "gamma/none/x";

class FullDisk : public ::testing::Test {
 protected:
  void start() {
    plant.start();
    plant.crowd.drive(Plant::kLoad_per_s);
    ASSERT_TRUE(plant.flows());
    plant.crowd.save_work();
    ASSERT_TRUE(plant.fence("acme/prod/a")) << plant.logs();
    ASSERT_EQ(plant.site.kill(kUnused, {{"wait", {"fenced", "durable"}}}).error(), "");
    kills = 2;
  }
  // Every kill is fenced and said to be. True: this one did not reach the stage, and did not say
  // that it had.
  bool is_fenced_and_not(const std::string& stage) {
    const Order kill =
        plant.site.kill(kUnused, {{"wait", {"fenced", stage}}, {"timeout_ms", 2'000}});
    EXPECT_TRUE(kill.done() && !kill.silent) << plant.logs();
    EXPECT_TRUE(kill.stage("fenced").is_object()) << plant.logs();
    ++kills;
    const Json last = kill.answers.empty() ? Json() : kill.answers.back();
    if (last.value("ok", false)) return false;
    EXPECT_TRUE(kill.stage(stage).is_null()) << last;
    return last["unreached"].dump().find(stage) != std::string::npos;
  }
  // Why a resume was not taken; empty: it was.
  std::string refusal() {
    const Order resume = plant.site.resume(kUnused, {{"timeout_ms", 2'000}});
    if (resume.answers.empty()) return "silence";
    const Json& last = resume.answers.back();
    return last.value("ok", false) ? std::string() : last.dump();
  }
  bool refuses_saying(const std::string& words) {
    std::string why;
    const auto says = [&] { return (why = refusal()).find(words) != std::string::npos; };
    const bool said = plant.site.until(says, Plant::kHeals);
    EXPECT_NE(why.find("store-unavailable"), std::string::npos) << why;
    return said;
  }
  void restart_the_broker() {
    plant.site.restart_broker();
    plant.site.control.wait(std::chrono::milliseconds(2 * Plant::kLease_ms));
    if (!plant.site.control.running()) plant.site.start_control();
    ASSERT_TRUE(plant.site.leads()) << plant.logs();
  }
  // All that was killed still is, and no more; everything flows after the resumes.
  void expect_whole() {
    EXPECT_EQ(plant.site.kills_in_force(), kills) << plant.logs();
    EXPECT_TRUE(plant.all_open()) << plant.logs();
    EXPECT_TRUE(plant.site.until([&] { return refusal().empty(); })) << plant.logs();
    EXPECT_TRUE(plant.lift_all()) << plant.logs();
    EXPECT_TRUE(plant.flows()) << plant.logs();
    EXPECT_EQ(plant.wrong(), "");
  }

  Plant plant;
  std::size_t kills = 0;  // in force
  const std::string store = plant.site.data.file("nats");
};

TEST_F(FullDisk, OfControlAKillHoldsAndAResumeIsRefused) {  // H42
  const SmallDisk disk(plant.site.data.file("control"));
  if (!disk.is_there()) GTEST_SKIP() << kNoRight;
  start();
  disk.fill();
  EXPECT_TRUE(is_fenced_and_not("durable"));
  EXPECT_TRUE(plant.fence("beta/*")) << plant.logs();
  ++kills;
  EXPECT_TRUE(refuses_saying("the disk of control's data folder"));
  EXPECT_TRUE(plant.flows()) << "those who are not killed go on" << plant.logs();
  disk.empty();
  ASSERT_TRUE(plant.site.until([&] {
    return plant.site.ask("status", Json::object())
        .answers.back()["log"]["recorder_ok"]
        .get<bool>();
  })) << plant.logs();
  expect_whole();
}

// nats-server 2.9 acknowledges what it has not written yet, so some records more are committed; and
// where a write has failed it never takes another one (2.9.10 locks itself up): an operator who has
// made room has to learn that from the refusal.
TEST_F(FullDisk, OfTheBrokerAKillHoldsAndTheRefusalOfAResumeSaysWhatToDo) {  // H25, H42
  const SmallDisk disk(store);
  if (!disk.is_there()) GTEST_SKIP() << kNoRight;
  plant.site.restart_broker();  // its files are on the small disk now
  start();
  disk.fill();
  ASSERT_TRUE(plant.site.until([&] { return is_fenced_and_not("committed"); }, Plant::kHeals));
  EXPECT_TRUE(refuses_saying("restart the broker")) << plant.logs();
  EXPECT_NE(plant.site.log("control").find("stream-failed"), std::string::npos) << plant.logs();
  EXPECT_TRUE(is_fenced_and_not("committed"));
  EXPECT_TRUE(plant.fence("beta/*")) << plant.logs();
  ++kills;
  disk.empty();
  restart_the_broker();
  expect_whole();
}

// With a store of a given size there is none to be found, which would be 0 for ever.
TEST_F(FullDisk, OnWhichTheBrokerStartsFencesKillsAndHasItsSizeWhenThereIsRoom) {  // H25, H42
  const SmallDisk disk(store);
  if (!disk.is_there()) GTEST_SKIP() << kNoRight;
  plant.site.restart_broker();
  start();
  plant.site.broker->stop();
  ASSERT_TRUE(plant.all_closed());
  disk.fill();
  ASSERT_TRUE(disk.is_full());
  plant.site.restart_broker();
  const Json store_now = Json::parse(plant.site.broker->monitor("/jsz"), nullptr, false);
  EXPECT_GT(store_now["config"].value("max_storage", 0LL), 1LL << 30) << store_now;
  ASSERT_TRUE(plant.site.answers()) << plant.logs();
  ASSERT_TRUE(plant.site.leads() && plant.all_open()) << plant.logs();
  EXPECT_TRUE(plant.fence("beta/*")) << plant.logs();
  disk.empty();
  if (const std::string why = refusal(); !why.empty()) {
    std::cout << why << '\n';
    EXPECT_TRUE(refuses_saying("restart the broker"));
    restart_the_broker();
  } else {
    ASSERT_EQ(plant.site.kill(kUnused).error(), "");
  }
  kills = 3;
  expect_whole();
}

// Nothing was ever written there: no stream can be made, so nobody leads and no intent passes. (Its
// accounts it has: without them it refuses everybody until it is restarted.)
TEST_F(FullDisk, OnWhichABrokerStartsForTheFirstTimeTakesEverythingWhenThereIsRoom) {
  plant.site.broker->stop();
  const std::string kept = plant.site.data.file("accounts.kept");
  std::filesystem::copy(store + "/accounts", kept);
  const SmallDisk disk(store);
  if (!disk.is_there()) GTEST_SKIP() << kNoRight;
  std::filesystem::copy(kept, store + "/accounts");
  disk.fill();
  ASSERT_TRUE(disk.is_full());
  plant.site.restart_broker();
  plant.site.start_control();
  ASSERT_TRUE(plant.site.answers()) << plant.logs();
  EXPECT_TRUE(is_fenced_and_not("committed"));
  disk.empty();
  ASSERT_TRUE(plant.site.leads()) << plant.site.log("control");
  EXPECT_EQ(plant.site.kills_in_force(), 1U) << "what was ordered before is written now";
  EXPECT_TRUE(plant.site.until([&] { return refusal().empty(); })) << plant.site.log("control");
}

}  // namespace
}  // namespace estop::testing
