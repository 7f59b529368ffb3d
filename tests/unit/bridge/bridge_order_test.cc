// SPDX-License-Identifier: Apache-2.0

// H27: in whatever order and however often {kill 1, resume 1, kill 2} arrive, the end is what the
// log says, and the scope is never open between kill 1 and its resume, nor after kill 2.
#include <algorithm>

#include "tests/unit/bridge/bridge_fixture.h"

namespace estop::bridge {
namespace {

class BridgeOrderTest : public BridgeFixture {};

// One step of a history: a live record (0, 1, 2), or a lease frame with the head at record 3, 4, 5
// (the same three).
using History = std::vector<int>;

std::vector<History> histories() {
  std::vector<History> all;
  // Every record once or twice, in every order.
  for (const History& start : {History{1, 2, 3}, History{1, 1, 2, 3}, History{1, 2, 2, 3},
                               History{1, 2, 3, 3}, History{1, 1, 2, 2, 3, 3}}) {
    History order = start;
    do {
      all.push_back(order);
    } while (std::next_permutation(order.begin(), order.end()));
  }
  return all;
}

// Plays a history on a bridge that opened on an empty log; the head is told after `told_at` steps,
// before all records have been seen perhaps: then the rest is replayed.
void play(BridgeAtHand& bridge, const History& history, std::size_t told_at) {
  bridge.run_to_open();
  bridge.log.kill("acme/prod/x", "k1");
  bridge.log.resume("acme/prod/x", {"k1"});
  bridge.log.kill("acme/prod/x", "k2");
  bool killed = false;
  for (std::size_t at = 0; at <= history.size(); ++at) {
    if (at == told_at) {
      bridge.lease();
      bridge.replay();
      killed = true;
    }
    if (at == history.size()) break;
    bridge.live(bridge.log.records()[static_cast<std::size_t>(history[at])]);
    killed |= history[at] != 2;
    if (!killed) continue;
    for (const std::uint64_t life : {0U, 3U}) {
      ASSERT_NE(bridge.send("acme/prod/x", "acme/prod/y", life), "pass");
    }
  }
}

TEST_F(BridgeOrderTest, H27_TheFinalStateIsTheLogsAndItNeverOpensEarly) {
  for (const History& history : histories()) {
    for (std::size_t told_at = 0; told_at <= history.size(); ++told_at) {
      SCOPED_TRACE(::testing::PrintToString(history) + " told at " + std::to_string(told_at));
      BridgeAtHand bridge;
      play(bridge, history, told_at);
      bridge.lease();
      bridge.lease();
      ASSERT_TRUE(bridge.core.is_open(bridge.now)) << bridge.core.contact().why_closed();
      EXPECT_EQ(bridge.core.status(bridge.now).applied, bridge.log.head());
      EXPECT_EQ(bridge.core.gate().kills(), 1U);
      EXPECT_NE(bridge.core.gate().find(bridge.log.records()[3].record), nullptr);
      EXPECT_EQ(bridge.core.gate().incarnation(scope("acme/prod/x")), kIncarnationOffset + 3);
      EXPECT_EQ(bridge.core.counters().after_fence, 0U);
    }
  }
}

TEST_F(BridgeOrderTest, I6_AnIntentOfTheOldLifeStaysRefusedAfterTheResume) {
  run_to_open();
  live(log.kill("acme/prod/x", "k1"));
  live(log.resume("acme/prod/x", {"k1"}));
  lease();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(send("acme/prod/x", "acme/prod/y", 0), "old-incarnation");
  EXPECT_EQ(core.counters().refused_killed, 3U);
}

TEST_F(BridgeOrderTest, H46_ABridgeThatIsBehindRefusesTheNewLifeAndDoesNotGuess) {
  run_to_open();
  live(log.kill("acme/prod/x", "k1"));
  lease();
  EXPECT_EQ(send("acme/prod/q", "acme/prod/y", 3), "no-contact");
}

}  // namespace
}  // namespace estop::bridge
