// SPDX-License-Identifier: Apache-2.0

// Kills that operators sign themselves: obeyed at once, with or without control. Hazards H25, H30,
// H31.
#include "schemas/order.h"
#include "tests/support/operator_creds.h"
#include "tests/unit/bridge/bridge_fixture.h"

namespace estop::bridge {
namespace {

class BridgeEmergencyTest : public BridgeFixture {
 public:
  using BridgeFixture::BridgeFixture;

 protected:
  static schemas::SignedOrder order(const std::string& op_id, const std::string& creds_text,
                                    const std::string& actor = "alice") {
    schemas::Record kill;
    kill.op_id = op_id;
    kill.kill().scope = scope("acme/prod/x");
    kill.actor.name = actor;
    kill.reason = "broken link";
    return schemas::sign_order(kill, creds_text).value();
  }
  void emergency(const schemas::SignedOrder& order, std::string_view actor = "alice",
                 const schemas::Scope& reach = {}) {
    core.on_emergency({actor, reach}, order.frame, now, effects);
    core.settle(now, effects);
  }
  static std::string forged_creds() {
    const auto stranger = schemas::SigningKey::from_bytes(schemas::KeyRole::kAccount, {66});
    return testing::creds(
        testing::user_jwt(stranger, testing::operator_key(), "estop.emergency.alice"),
        testing::operator_key());
  }
  std::string alice = testing::operator_creds("alice");
};

TEST_F(BridgeEmergencyTest, ItFencesWithoutControlAndTheOperatorIsTold) {
  run_to_open();
  ASSERT_EQ(send("acme/prod/x", "acme/prod/y"), "pass");
  emergency(order("k1", alice));
  ASSERT_TRUE(last<SendReceipt>());
  EXPECT_EQ(last<SendReceipt>()->receipt.forwarded_before, 1U);
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "sender-killed");
  ASSERT_TRUE(last<TellLatched>());
  EXPECT_EQ(last<TellLatched>()->op_id, "k1");
  EXPECT_EQ(last<TellLatched>()->actor.text(), "alice");
}

TEST_F(BridgeEmergencyTest, ItIsShownToControlUntilTheLogHasIt) {
  run_to_open();
  const auto killed = order("k1", alice);
  emergency(killed);
  pass(500 * kMs);
  ASSERT_EQ(last<SendBeat>()->beat.held.size(), 1U);
  EXPECT_EQ(last<SendBeat>()->beat.held[0], killed.frame);
  live(log.kill("acme/prod/x", "k1"));
  EXPECT_EQ(core.gate().kills(), 1U);
  lease();
  pass(500 * kMs);
  EXPECT_TRUE(last<SendBeat>()->beat.held.empty());
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "sender-killed");
}

TEST_F(BridgeEmergencyTest, H30_OneThatNobodyVouchesForIsTakenBackWithAnAlarm) {
  run_to_open();
  emergency(order("k1", forged_creds()));
  EXPECT_TRUE(alarmed("not signed by operator alice"));
  EXPECT_FALSE(last<TellLatched>());
  EXPECT_EQ(core.gate().kills(), 0U);
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "pass");
}

// The broker vouches for how far the subject reaches on which the order came.
TEST_F(BridgeEmergencyTest, H65_OneThatItsOperatorMayNotGiveIsIgnoredWithAnAlarm) {
  run_to_open();
  emergency(order("k1", alice), "alice", scope("acme/staging/*"));
  EXPECT_TRUE(alarmed("reaches acme/staging/* only"));
  EXPECT_EQ(core.gate().kills(), 0U);
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "pass");
  emergency(order("k2", alice), "alice", scope("acme/prod/*"));
  EXPECT_EQ(core.gate().kills(), 1U);
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "sender-killed");
}

// B, of the same op id: what is taken back of it is not the first one.
TEST_F(BridgeEmergencyTest, ABadOrderWithTheOpIdOfAGoodOneTakesNothingFromThat) {
  run_to_open();
  const auto good = order("k1", alice);
  emergency(good);
  schemas::Record wider = good.kill.record;
  wider.kill().scope = scope("acme/*");
  const auto bad = schemas::sign_order(wider, forged_creds()).value();
  emergency(bad);
  EXPECT_EQ(core.gate().kills(), 1U);
  pass(500 * kMs);
  ASSERT_EQ(last<SendBeat>()->beat.held.size(), 1U) << "control has to hear of it";
  EXPECT_EQ(last<SendBeat>()->beat.held[0], good.frame);
}

TEST_F(BridgeEmergencyTest, TwoScopesWithOneOpIdAreBothShownToControl) {
  run_to_open();
  const auto first = order("k1", alice);
  schemas::Record other = first.kill.record;
  other.kill().scope = scope("acme/prod/z");
  emergency(first);
  emergency(schemas::sign_order(other, alice).value());
  pass(500 * kMs);
  EXPECT_EQ(last<SendBeat>()->beat.held.size(), 2U);
  live(log.kill("acme/prod/x", "k1"));
  lease();
  pass(500 * kMs);
  EXPECT_EQ(last<SendBeat>()->beat.held.size(), 1U) << "the log has one of them";
}

// H55: its op id named another order, so control wrote it under one of its own.
TEST_F(BridgeEmergencyTest, WhatControlWroteForItIsNoLongerShownAndItsResumeLiftsBoth) {
  run_to_open();
  emergency(order("k1", alice));
  schemas::Record written = log.record(schemas::Kill{});
  written.op_id = "own-1";
  written.kill().scope = scope("acme/prod/x");
  written.kill().given_as = "k1";
  live(log.add(std::move(written)));
  lease();
  pass(500 * kMs);
  EXPECT_TRUE(last<SendBeat>()->beat.held.empty());
  EXPECT_EQ(core.gate().kills(), 2U);
  live(log.resume("acme/prod/x", {"k1", "own-1"}));
  lease();
  EXPECT_EQ(core.gate().kills(), 0U);
  emergency(order("k1", alice));
  EXPECT_EQ(core.gate().kills(), 0U);
}

// H59: control tells all kills that are not committed, in several frames, the grants in the last.
TEST_F(BridgeEmergencyTest, ABridgeThatMissedOneOfSeveralLeaseFramesStaysClosed) {
  connect();
  std::vector<schemas::SignedRecord> kills;
  for (const char* op_id : {"k1", "k2", "k3"}) {
    auto kill = log.record(schemas::Kill{});
    kill.op_id = op_id;
    kill.kill().scope = scope("acme/prod/x");
    kills.push_back(schemas::sign_record(kill, log.key()).value());
  }
  // In two frames of one round: the first has two kills, the last one kill and the grants.
  const auto round_of = [&](bool with_first) {
    auto last = frame();
    const auto all = with_uncommitted(last, kills);
    auto first = all;
    first.grants.clear();
    first.uncommitted.pop_back();
    last = all;
    last.uncommitted.erase(last.uncommitted.begin(), last.uncommitted.begin() + 2);
    if (with_first) lease_with(first);
    lease_with(last);
  };
  for (int turn = 0; turn < 6; ++turn) {
    round_of(false);
    replay();
    pass(500 * kMs);
  }
  EXPECT_FALSE(core.is_open(now));
  EXPECT_EQ(core.gate().kills(), 1U) << "what it heard holds all the same";
  round_of(true);
  EXPECT_TRUE(core.is_open(now));
  EXPECT_EQ(core.gate().kills(), 3U);
}

// Frames of two rounds together are not all of one.
TEST_F(BridgeEmergencyTest, FramesOfTwoRoundsAreNotCountedTogether) {
  connect();
  auto kill = log.record(schemas::Kill{});
  kill.op_id = "k1";
  kill.kill().scope = scope("acme/prod/x");
  const auto one = schemas::sign_record(kill, log.key()).value();
  lease_with(with_uncommitted(frame(), {one}));
  replay();
  auto next = with_uncommitted(frame(), {one});
  next.uncommitted.clear();
  lease_with(next);
  EXPECT_FALSE(core.is_open(now));
}

// Heard in one batch, before anything is checked: whichever comes first.
TEST_F(BridgeEmergencyTest, AGoodOrderHoldsThoughABadOneOfItsOpIdCameFirst) {
  const auto good = order("k1", alice);
  const auto bad = order("k1", forged_creds());
  for (const bool bad_first : {true, false}) {
    BridgeAtHand bridge;
    bridge.run_to_open();
    for (const auto& one : {bad_first ? bad : good, bad_first ? good : bad}) {
      bridge.core.on_emergency({"alice"}, one.frame, bridge.now, bridge.effects);
    }
    bridge.core.settle(bridge.now, bridge.effects);
    EXPECT_EQ(bridge.core.gate().kills(), 1U) << bad_first;
    bridge.pass(500 * kMs);
    ASSERT_EQ(bridge.last<SendBeat>()->beat.held.size(), 1U);
    EXPECT_EQ(bridge.last<SendBeat>()->beat.held[0], good.frame);
    EXPECT_EQ(bridge.all<TellLatched>().size(), 1U);
  }
}

TEST_F(BridgeEmergencyTest, OneInAnotherOperatorsNameIsIgnored) {
  run_to_open();
  emergency(order("k1", alice), "bob");
  EXPECT_TRUE(alarmed("in the name of alice"));
  EXPECT_EQ(core.gate().kills(), 0U);
}

TEST_F(BridgeEmergencyTest, H31_OneThatAResumeLiftedHasNoEffect) {
  run_to_open();
  live(log.kill("acme/prod/x", "k1"));
  live(log.resume("acme/prod/x", {"k1"}));
  lease();
  ASSERT_EQ(core.gate().kills(), 0U);
  effects.clear();
  emergency(order("k1", alice));
  EXPECT_EQ(core.gate().kills(), 0U);
  EXPECT_FALSE(last<TellLatched>());
}

TEST_F(BridgeEmergencyTest, GarbageIsCountedAndStopsNothing) {
  run_to_open();
  core.on_emergency({"alice"}, "garbage", now, effects);
  core.settle(now, effects);
  EXPECT_TRUE(alarmed("an emergency kill"));
  EXPECT_EQ(core.counters().bad_frames, 1U);
  EXPECT_TRUE(core.is_open(now));
}

class TwoOperatorsTest : public BridgeEmergencyTest {
 public:
  TwoOperatorsTest() : BridgeEmergencyTest(options()) {}

 private:
  static BridgeOptions options() {
    BridgeOptions made = bridge_options();
    made.obeys_fleet_orders = false;
    return made;
  }
};

TEST_F(TwoOperatorsTest, AKillOfTheWholeFleetIsControlsToDecide) {
  run_to_open();
  schemas::Record kill;
  kill.op_id = "k1";
  kill.actor.name = "alice";
  kill.reason = "all of them";
  emergency(schemas::sign_order(kill, alice).value());
  EXPECT_EQ(core.gate().kills(), 0U);
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "pass");
  emergency(order("k2", alice));
  EXPECT_EQ(core.gate().kills(), 1U);
}

}  // namespace
}  // namespace estop::bridge
