// SPDX-License-Identifier: Apache-2.0

// A bridge on a machine of its own: a network namespace, whose packets are lost one way. Then the
// kernel holds what was sent, and sends it again when the way is free. Needs root.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>

#include "tests/fault/plant.h"

namespace estop::testing {
namespace {

constexpr const char* kNear = "10.231.77.1";
constexpr const char* kFar = "10.231.77.2";
constexpr const char* kNearMac = "02:00:00:00:77:01";
constexpr const char* kFarMac = "02:00:00:00:77:02";
constexpr const char* kNobody = "02:00:00:00:77:99";

bool run(const std::vector<std::string>& command) {
  daemon::SpawnOptions spawn;
  spawn.command = command;
  auto child = daemon::ChildProcess::spawn(spawn);
  return child && child->wait(kPatience) == daemon::ExitStatus{};
}

// This process moves to a network of its own for good: ctest runs each case in one of its own.
bool enter_own_network() {
  return ::unshare(CLONE_NEWNET) == 0 && run({"ip", "link", "set", "lo", "up"});
}

class Island : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!enter_own_network()) GTEST_SKIP() << "no right to make a network namespace";
    plant = std::make_unique<Plant>(Plant::Wiring::kAnyAddress);
    plant->bridge_url = fmt::format("nats://{}:{}", kNear, plant->site.broker->port());
    plant->bridge_runs_in = {
        "unshare",
        "--net",
        "--",
        "sh",
        "-c",
        "until ip address show dev far 2>/dev/null | grep -q inet; do sleep 0.02; done; "
        "exec \"$@\"",
        "sh"};
    plant->start_bridge(0);
    ASSERT_TRUE(build_the_way());
    plant->start_others();
    plant->crowd.drive(Plant::kLoad_per_s);
    ASSERT_TRUE(plant->flows());
  }

  [[nodiscard]] std::string pid() const { return std::to_string(plant->bridges[0].pid()); }
  [[nodiscard]] std::vector<std::string> there(std::vector<std::string> command) const {
    command.insert(command.begin(), {"nsenter", "--net", "--target", pid(), "--"});
    return command;
  }
  bool build_the_way() {
    const auto network = [](const std::string& who) {
      std::error_code error;
      return std::filesystem::read_symlink("/proc/" + who + "/ns/net", error);
    };
    const bool is_away =
        plant->site.until([&] { return network(pid()) != network("self"); }, Plant::kHeals);
    return is_away &&
           run({"ip", "link", "add", "near", "address", kNearMac, "type", "veth", "peer", "name",
                "far", "address", kFarMac, "netns", pid()}) &&
           run({"ip", "address", "add", std::string(kNear) + "/30", "dev", "near"}) &&
           run({"ip", "link", "set", "near", "up"}) &&
           run(there({"ip", "link", "set", "lo", "up"})) &&
           run(there({"ip", "link", "set", "far", "up"})) &&
           run(there({"ip", "address", "add", std::string(kFar) + "/30", "dev", "far"}));
  }
  // Packets go to a card that nobody has: lost without a word. Heals with the right one.
  bool send_far_to(const char* mac) {
    return run(
        {"ip", "neighbour", "replace", kFar, "lladdr", mac, "dev", "near", "nud", "permanent"});
  }
  bool send_near_to(const char* mac) {
    return run(there(
        {"ip", "neighbour", "replace", kNear, "lladdr", mac, "dev", "far", "nud", "permanent"}));
  }
  void expect_whole() {
    EXPECT_TRUE(plant->all_open()) << plant->logs();
    EXPECT_TRUE(plant->lift_all()) << plant->logs();
    EXPECT_TRUE(plant->flows()) << plant->logs();
    EXPECT_EQ(plant->wrong(), "");
  }
  std::unique_ptr<Plant> plant;
};

// The bridge goes on for a moment and sends into the void; the fence waits for its lease.
TEST_F(Island, WhatABridgeSentIntoTheVoidNeverComesBehindAFence) {  // H22, H23, I2
  ASSERT_TRUE(send_near_to(kNobody));
  Plant::Given kill;
  ASSERT_TRUE(plant->fence("acme/prod/a", &kill)) << plant->logs();
  EXPECT_EQ(kill->fenced["outlived"], Json({"b1"}));
  ASSERT_TRUE(send_near_to(kNearMac));
  ASSERT_TRUE(plant->all_open()) << plant->logs();
  ASSERT_TRUE(plant->crowd.settle(Plant::kHeals));
  expect_whole();
}

TEST_F(Island, ABridgeThatHearsNothingIsClosedWithinItsLease) {  // H23
  ASSERT_TRUE(send_far_to(kNobody));
  Plant::Given kill;
  ASSERT_TRUE(plant->fence("acme/*", &kill)) << plant->logs();
  EXPECT_EQ(kill->fenced["outlived"], Json({"b1"}));
  ASSERT_TRUE(send_far_to(kFarMac));
  expect_whole();
}

}  // namespace
}  // namespace estop::testing
