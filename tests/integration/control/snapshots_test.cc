// SPDX-License-Identifier: Apache-2.0

// Snapshots of the control log through the real daemons, and what stands before them.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker-bridge/nats/jetstream.h"
#include "tests/integration/control/site.h"

namespace estop::testing {
namespace {

class SnapshotsTest : public ::testing::Test {
 protected:
  explicit SnapshotsTest(int every = 16) {
    site.control_options = " --snapshot-every " + std::to_string(every);
    site.start_control();
    if (!site.leads()) throw std::runtime_error("control does not lead: " + site.log("control"));
    site.start_bridge();
    if (!site.is_open()) throw std::runtime_error("no bridge: " + site.log("bridge"));
  }
  // Kills of one agent after the other; every second one is lifted again.
  void give_orders(int count) {
    for (int i = 0; i < count; ++i, ++given) {
      const std::string scope = "acme/prod/x" + std::to_string(given);
      const Order kill = site.kill(scope, {{"op_id", "k" + std::to_string(given)}});
      ASSERT_TRUE(kill.stage("done")["ok"]) << kill.answers.back();
      if (given % 2 == 1) continue;
      const Order resume = site.resume(scope);
      ASSERT_TRUE(resume.stage("done")["ok"]) << resume.answers.back();
    }
  }
  [[nodiscard]] std::size_t snapshots() {
    const Json told = site.ask("audit", {{"kind", "snapshot"}}).answers.back();
    return told.contains("rows") ? told["rows"].size() : 0;
  }
  [[nodiscard]] bool has_snapshots(std::size_t count) {
    return site.until([&] { return snapshots() >= count; });
  }
  [[nodiscard]] bool bridge_holds(std::size_t kills) {
    const std::string line = "estop_bridge_kills " + std::to_string(kills) + "\n";
    return site.until(
        [&] { return site.page("bridge", "/metrics").find(line) != std::string::npos; });
  }
  [[nodiscard]] std::uint64_t first_in_stream() { return stream().first_seq; }
  [[nodiscard]] nats::StreamInfo stream() {
    const auto subjects = schemas::Subjects::standard();
    const auto inbox = subjects.own_inbox(*schemas::Segment::parse("control"));
    const auto own =
        site.connect(site.creds(control::ControlRole{}, control::Account::kControl), inbox);
    nats::JetStream stream(*own, subjects);
    std::optional<nats::StreamInfo> told;
    stream.stream_info(std::chrono::seconds(2),
                       [&](const auto& info) { told = info.value_or(nats::StreamInfo{}); });
    EXPECT_TRUE(site.until([&] { return told.has_value(); }));
    return told.value_or(nats::StreamInfo{});
  }
  void restart_control() {
    site.control.kill_now();
    site.start_control();
    ASSERT_TRUE(site.leads()) << site.log("control");
    ASSERT_TRUE(site.answers());
  }
  void restart_bridge() {
    site.bridge.kill_now();
    site.start_bridge();
    ASSERT_TRUE(site.is_open()) << site.log("bridge");
  }
  Site site;
  int given = 0;
};

TEST_F(SnapshotsTest, ControlAndBridgeBeginWithTheNewestAndNothingThatHoldsIsLost) {
  for (int round = 1; round <= 3; ++round) {
    give_orders(12);
    ASSERT_TRUE(has_snapshots(static_cast<std::size_t>(round))) << site.log("control");
    EXPECT_TRUE(site.is_open()) << site.log("bridge");
    const auto held = static_cast<std::size_t>(given) / 2;
    EXPECT_EQ(site.kills_in_force(), held);
    restart_control();
    EXPECT_TRUE(site.is_open()) << site.log("bridge");
    EXPECT_EQ(site.kills_in_force(), held);
    restart_bridge();
    EXPECT_TRUE(bridge_holds(held));
  }
  give_orders(12);
  ASSERT_TRUE(has_snapshots(4)) << site.log("control");
  EXPECT_TRUE(site.until([&] { return first_in_stream() > 1; })) << site.log("control");
  restart_control();
  restart_bridge();
  EXPECT_EQ(site.kill("acme/prod/x0", {{"op_id", "k0"}}).error(), "log-conflict") << "lifted";
  EXPECT_TRUE(site.resume("acme/prod/x1").stage("done")["ok"]);
  EXPECT_TRUE(bridge_holds(static_cast<std::size_t>(given) / 2 - 1));
}

// The stream begins anew with the snapshot: what stood before is in none of the two any more.
TEST_F(SnapshotsTest, AStreamThatWasLostBeginsWithTheNewest) {
  give_orders(12);
  ASSERT_TRUE(has_snapshots(1)) << site.log("control");
  site.control.kill_now();
  site.lose_stream();
  site.start_control();
  ASSERT_TRUE(site.leads()) << site.log("control");
  EXPECT_TRUE(site.is_open()) << site.log("bridge");
  EXPECT_EQ(site.kills_in_force(), 6U);
  restart_bridge();
  EXPECT_TRUE(bridge_holds(6));
  give_orders(12);
  ASSERT_TRUE(has_snapshots(2)) << site.log("control");
  restart_control();
  restart_bridge();
  EXPECT_TRUE(bridge_holds(12));
  EXPECT_TRUE(site.resume("acme/prod/x1").stage("done")["ok"]);
}

class ManyPartsTest : public SnapshotsTest {
 protected:
  static constexpr int kKills = 450;  // some 50 parts: four ticks
  ManyPartsTest() : SnapshotsTest(kKills) {}

  void kill_many() {
    for (int i = 0; i < kKills; ++i) {
      orders.push_back(site.send("kill", {{"scope", "acme/prod/x" + std::to_string(i)},
                                          {"reason", std::string(1'000, 'r')},
                                          {"op_id", "k" + std::to_string(i)},
                                          {"wait", {"durable"}},
                                          {"timeout_ms", 60'000}}));
      if (i % 50 != 49) continue;
      ASSERT_TRUE(site.until([&] { return orders.back()->done(); }, std::chrono::seconds(60)));
    }
  }
  std::vector<std::shared_ptr<Order>> orders;
};

TEST_F(ManyPartsTest, AControlKilledBetweenThemLeavesNothingThatHoldsBehind) {
  ASSERT_NO_FATAL_FAILURE(kill_many());
  const std::uint64_t before = stream().last_seq;
  ASSERT_TRUE(site.until([&] { return stream().last_seq > before; })) << site.log("control");
  restart_control();
  EXPECT_TRUE(site.is_open()) << site.log("bridge");
  EXPECT_TRUE(bridge_holds(kKills));
  ASSERT_TRUE(has_snapshots(1)) << site.log("control");
  EXPECT_TRUE(site.is_open()) << site.log("bridge");
  restart_control();
  restart_bridge();
  EXPECT_TRUE(bridge_holds(kKills));
  EXPECT_TRUE(site.resume("acme/prod/x7").stage("done")["ok"]);
}

}  // namespace
}  // namespace estop::testing
