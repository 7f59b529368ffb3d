// SPDX-License-Identifier: Apache-2.0

// What the gate does at its bounds: an agent must not fill a bridge's memory, and a kill must never
// find it full.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "broker-bridge/core/admission/gate.h"
#include "tests/unit/bridge/written_log.h"

namespace estop::bridge {
namespace {

using schemas::Errc;

class GateLimitsTest : public ::testing::Test {
 protected:
  static GateOptions small() {
    GateOptions options;
    options.nodes_max = 100;
    options.receivers_max = 10;
    options.instances_max = 4;
    return options;
  }
  Errc ask(const std::string& sender_instance, const std::string& receiver) {
    const std::string_view all = sender_instance;
    const auto dot = all.rfind('.');
    schemas::IntentHead head;
    head.id = "i1";
    return gate.decide({all.substr(0, dot), all.substr(dot + 1), all, receiver, "a"}, head).code;
  }
  WrittenLog log;
  Gate gate{small()};
};

TEST_F(GateLimitsTest, InventedReceiversDoNotGrowTheTree) {
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(ask("acme.prod.x.k3j9x2ab", fmt::format("org{}.prod.y", i)), Errc::kOk);
  }
  EXPECT_LE(gate.nodes(), 5U + 3U * 10U);
}

TEST_F(GateLimitsTest, IdleInstancesMakeRoomForNewOnes) {
  int refused = 0;
  for (int i = 0; i < 1000; ++i) {
    if (ask(fmt::format("acme.prod.x.inst{:04}", i), "acme.prod.y") == Errc::kOverLimit) ++refused;
  }
  EXPECT_LE(gate.nodes(), 5U + 4U + 1U);
  EXPECT_LE(refused, 250)
      << "at most one refusal per four new names: those that were used lately stay";
}

TEST_F(GateLimitsTest, AKilledInstanceIsNeverForgotten) {
  gate.kill(log.kill("acme/prod/x@killed00", "k1").record);
  for (int i = 0; i < 100; ++i) ask(fmt::format("acme.prod.x.inst{:04}", i), "acme.prod.y");
  EXPECT_EQ(ask("acme.prod.x.killed00", "acme.prod.y"), Errc::kSenderKilled);
}

TEST_F(GateLimitsTest, AResumedInstanceKeepsItsIncarnation) {
  gate.kill(log.kill("acme/prod/x@killed00", "k1").record);
  EXPECT_TRUE(gate.resume(log.resume("acme/prod/x@killed00", {"k1"}).record.resume(), 0));
  for (int i = 0; i < 100; ++i) ask(fmt::format("acme.prod.x.inst{:04}", i), "acme.prod.y");
  EXPECT_EQ(ask("acme.prod.x.killed00", "acme.prod.y"), Errc::kOldIncarnation);
}

TEST_F(GateLimitsTest, AFullTreeRefusesNewSendersAndStillTakesEveryKill) {
  Errc last = Errc::kOk;
  for (int i = 0; i < 100 && last == Errc::kOk; ++i) {
    last = ask(fmt::format("acme.prod.x{}.k3j9x2ab", i), "acme.prod.x0");
  }
  EXPECT_EQ(last, Errc::kOverLimit);
  for (int i = 0; i < 200; ++i) {
    const auto killed = log.kill(fmt::format("acme/prod/x{}", i), fmt::format("k{}", i));
    EXPECT_EQ(gate.kill(killed.record), Latched::kNew);
  }
  EXPECT_EQ(ask("acme.prod.x199.k3j9x2ab", "acme.prod.q"), Errc::kSenderKilled);
}

}  // namespace
}  // namespace estop::bridge
