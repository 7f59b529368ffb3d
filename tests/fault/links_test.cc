// SPDX-License-Identifier: Apache-2.0

// The links between the broker and everybody else: cut, silent both ways, and silent one way.
#include <gtest/gtest.h>

#include <ostream>

#include "broker-bridge/daemon/boot_clock.h"
#include "tests/fault/agent_process.h"
#include "tests/fault/plant.h"

namespace estop::testing {
namespace {

enum class Fault { kCut, kSilent, kToBrokerSilent, kFromBrokerSilent };
constexpr Fault kFaults[] = {Fault::kCut, Fault::kSilent, Fault::kToBrokerSilent,
                             Fault::kFromBrokerSilent};

std::ostream& operator<<(std::ostream& out, Fault fault) {
  switch (fault) {
    case Fault::kCut:
      return out << "cut";
    case Fault::kSilent:
      return out << "silent";
    case Fault::kToBrokerSilent:
      return out << "silent to the broker";
    case Fault::kFromBrokerSilent:
      return out << "silent from the broker";
  }
  return out;
}

void strike(TcpProxy& line, Fault fault) {
  switch (fault) {
    case Fault::kCut:
      return line.cut();
    case Fault::kSilent:
      return line.pause();
    case Fault::kToBrokerSilent:
      return line.pause(TcpProxy::Way::kToServer);
    case Fault::kFromBrokerSilent:
      return line.pause(TcpProxy::Way::kToClient);
  }
}

constexpr std::chrono::milliseconds kHeldByTheBroker{Plant::kLease_ms * 6 / 10};

void heal(TcpProxy& line) {
  line.reopen();
  line.resume();
}

class Links : public ::testing::Test {
 protected:
  void SetUp() override {
    plant.start();
    plant.crowd.drive(Plant::kLoad_per_s);
    ASSERT_TRUE(plant.flows());
  }
  void expect_whole() {
    EXPECT_TRUE(plant.all_open()) << plant.logs();
    EXPECT_TRUE(plant.lift_all()) << plant.logs();
    EXPECT_TRUE(plant.flows()) << plant.logs();
  }
  Plant plant{Plant::Wiring::kProxies};
};

// It hears no kill any more, or cannot confirm it: its lease ends, and the other one goes on.
TEST_F(Links, ABridgeWithoutItsControlLinkIsClosedWithinItsLease) {  // H23
  TcpProxy& line = plant.line(Line::kBridgeControl);
  for (const Fault fault : kFaults) {
    SCOPED_TRACE(fault);
    strike(line, fault);
    Plant::Given kill;
    ASSERT_TRUE(plant.fence("acme/prod/a", &kill)) << plant.logs();
    ASSERT_TRUE(plant.site.until([&] { return !plant.is_open(0); })) << plant.logs();
    EXPECT_TRUE(plant.flows()) << plant.logs();
    heal(line);
    expect_whole();
  }
  EXPECT_EQ(plant.wrong(), "");
}

// What it had forwarded may be on its way for as long as the link is silent: nothing of that may
// come behind a fence, and no fence may be told while it could.
TEST_F(Links, WhatABridgeForwardedIntoASilentLinkNeverComesBehindAFence) {  // H22, H23
  TcpProxy& line = plant.line(Line::kBridgeAgents);
  for (const Fault fault : kFaults) {
    SCOPED_TRACE(fault);
    strike(line, fault);
    const auto kill = plant.kill("acme/prod/a");
    (void)plant.site.until([&] { return plant.stop_of(kill->stop).fenced_ns != 0; },
                           2 * std::chrono::milliseconds(Plant::kLease_ms));
    heal(line);
    ASSERT_TRUE(plant.site.until([&] { return kill->done; }, Plant::kHeals)) << plant.logs();
    EXPECT_NE(plant.stop_of(kill->stop).fenced_ns, 0) << plant.logs();
    ASSERT_TRUE(plant.crowd.settle(Plant::kHeals));
    expect_whole();
  }
  EXPECT_EQ(plant.wrong(), "");
}

// The broker still reads what a lost connection had brought when the next one is up: a receipt over
// that says nothing of it. So none comes before the old lease is over.
TEST_F(Links, WhatIsLeftOfALostConnectionNeverComesBehindAFenceThatTheNextOneConfirms) {  // H58
  using namespace std::chrono_literals;
  TcpProxy& line = plant.line(Line::kBridgeAgents);
  for (const char* scope : {"acme/prod/a", "acme/*", "acme/prod/a", "beta/prod/d", "*"}) {
    SCOPED_TRACE(scope);
    line.delay(100ms);
    ASSERT_TRUE(plant.flows(1'000)) << plant.logs();
    line.cut_off_clients(kHeldByTheBroker);
    line.delay(0ms);
    const auto held_until = daemon::boot_ns() + std::chrono::nanoseconds(kHeldByTheBroker).count();
    ASSERT_TRUE(plant.site.until([&] { return plant.is_open(0); })) << plant.logs();
    const bool in_time = daemon::boot_ns() < held_until;
    Plant::Given kill;
    ASSERT_TRUE(plant.fence(scope, &kill)) << plant.logs();
    const auto& stop = plant.stop_of(kill->stop);
    EXPECT_TRUE(!in_time || stop.fenced_ns > held_until) << "told while the broker held its bytes";
    ASSERT_TRUE(plant.site.until([&] { return daemon::boot_ns() > held_until; }));
    expect_whole();
  }
  EXPECT_EQ(plant.wrong(), "");
}

// It goes on beating, but is closed, and control grants it nothing: its last lease runs out.
TEST_F(Links, AKillIsFencedThoughABridgeHasLostItsAgentsLinkAlone) {  // I9
  TcpProxy& line = plant.line(Line::kBridgeAgents);
  strike(line, Fault::kCut);
  EXPECT_TRUE(plant.fence("acme/prod/a")) << plant.logs();
  ASSERT_TRUE(plant.site.until([&] { return !plant.is_open(0); })) << plant.logs();
  EXPECT_TRUE(plant.fence("acme/prod/b")) << plant.logs();
  EXPECT_TRUE(plant.flows()) << plant.logs();
  heal(line);
  expect_whole();
  EXPECT_EQ(plant.wrong(), "");
}

TEST_F(Links, ControlWithoutItsControlLinkGrantsNothingAndTheBridgesClose) {  // H26, H43
  TcpProxy& line = plant.line(Line::kControlControl);
  for (const Fault fault : kFaults) {
    SCOPED_TRACE(fault);
    strike(line, fault);
    ASSERT_TRUE(plant.all_closed()) << plant.logs();
    const auto silence = plant.begin_silence();
    const auto order = plant.kill("beta/prod/d");  // control hears it late or never
    ASSERT_TRUE(plant.crowd.settle());
    plant.end_silence(silence);
    heal(line);
    ASSERT_TRUE(plant.site.until([&] { return order->done; }, Plant::kHeals)) << plant.logs();
    expect_whole();
  }
  EXPECT_EQ(plant.wrong(), "");
}

// No receipt comes through, so no fence is told before it does.
TEST_F(Links, ControlWithoutItsAgentsLinkStillStopsWhomItIsTold) {
  TcpProxy& line = plant.line(Line::kControlAgents);
  for (const Fault fault : kFaults) {
    SCOPED_TRACE(fault);
    strike(line, fault);
    const auto kill = plant.kill("acme/prod/b");
    ASSERT_TRUE(plant.site.until([&] { return plant.stop_of(kill->stop).committed; }));
    heal(line);
    ASSERT_TRUE(plant.site.until([&] { return kill->done; }, Plant::kHeals)) << plant.logs();
    EXPECT_NE(plant.stop_of(kill->stop).fenced_ns, 0) << plant.logs();
    expect_whole();
  }
  EXPECT_EQ(plant.wrong(), "");
}

// One way of a link stands still for good, and on the other one something may come in all the time.
class OneWayLinks : public Links {
 protected:
  // Control's answer may be lost with the connection: then the operator asks once more.
  bool fence_asking_again(const std::string& scope) {
    constexpr std::chrono::seconds kPatienceOfAPerson{8};
    return plant.site.until(
        [&] {
          const auto kill = plant.kill(scope);
          (void)plant.site.until([&] { return kill->done; }, kPatienceOfAPerson);
          return plant.stop_of(kill->stop).fenced_ns != 0;
        },
        Plant::kHeals);
  }
  void expect_left(Line line) {
    for (const TcpProxy::Way way : {TcpProxy::Way::kToServer, TcpProxy::Way::kToClient}) {
      SCOPED_TRACE(way == TcpProxy::Way::kToServer ? "to the broker" : "from the broker");
      plant.line(line).stall(way);
      EXPECT_TRUE(fence_asking_again("acme/prod/a")) << plant.logs();
      expect_whole();
    }
    EXPECT_EQ(plant.wrong(), "");
  }
};

TEST_F(OneWayLinks, H63ABridgesConnectionToAgentsIsLeft) {
  expect_left(Line::kBridgeAgents);
}
TEST_F(OneWayLinks, H63ABridgesConnectionToControlIsLeft) {
  expect_left(Line::kBridgeControl);
}
TEST_F(OneWayLinks, H63ControlsConnectionToAgentsIsLeft) {
  expect_left(Line::kControlAgents);
}
TEST_F(OneWayLinks, H63ControlsConnectionToControlIsLeft) {
  expect_left(Line::kControlControl);
}

// It hears the kill, but what it says of it is lost; it says that again over its next connection.
TEST_F(Links, H63AnAgentWhoseWayOutStandsStillConfirmsOverAnotherConnection) {
  const AgentProcess agent(plant.site, "acme/prod/real", plant.site.agents_url);
  ASSERT_TRUE(plant.site.until([&] { return agent.has("ready"); }, Plant::kHeals));
  plant.line(Line::kAgents).stall(TcpProxy::Way::kToServer);
  const auto kill = plant.site.send(
      "kill", {{"scope", "acme/prod/real"}, {"reason", "a drill"}, {"timeout_ms", 30'000}});
  ASSERT_TRUE(plant.site.until([&] { return kill->done(); }, 2 * Plant::kHeals));
  EXPECT_TRUE(agent.has("stopped"));
  EXPECT_EQ(kill->stage("stopped")["n"], 1) << plant.logs();
}

TEST_F(Links, AgentsThatAreCutOffHoldUpNoFence) {  // H37
  TcpProxy& line = plant.line(Line::kAgents);
  for (const Fault fault : kFaults) {
    SCOPED_TRACE(fault);
    strike(line, fault);
    ASSERT_TRUE(plant.fence("*")) << plant.logs();
    heal(line);
    expect_whole();
  }
  EXPECT_EQ(plant.wrong(), "");
}

}  // namespace
}  // namespace estop::testing
