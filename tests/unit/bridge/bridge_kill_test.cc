// SPDX-License-Identifier: Apache-2.0

// Kills act on first sight in every state; receipts; resumes from the committed log only. Hazards
// H25, H28, H30, H31; I1, I3.
#include "tests/unit/bridge/bridge_fixture.h"

namespace estop::bridge {
namespace {

using schemas::BridgeState;

class BridgeKillTest : public BridgeFixture {};

TEST_F(BridgeKillTest, AKillLatchesInEveryStateAndIsConfirmed) {
  struct Row {
    const char* state;
    void (*enter)(BridgeAtHand&);
  };
  const Row rows[] = {
      {"replaying", [](BridgeAtHand& t) { t.connect(); }},
      {"joining",
       [](BridgeAtHand& t) {
         t.connect();
         t.lease();
         t.replay();
       }},
      {"open", [](BridgeAtHand& t) { t.run_to_open(); }},
      {"lease lost",
       [](BridgeAtHand& t) {
         t.run_to_open();
         t.pass(6'000 * kMs);
       }},
      {"leaving",
       [](BridgeAtHand& t) {
         t.run_to_open();
         t.core.on_leave(t.now, t.effects);
       }},
      {"closed for good",
       [](BridgeAtHand& t) {
         t.run_to_open();
         auto back = t.frame();
         back.head = {};
         t.lease_with(back);
       }},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.state);
    BridgeAtHand bridge;
    row.enter(bridge);
    bridge.effects.clear();
    bridge.live(bridge.log.kill("acme/prod/x", "k1"));
    EXPECT_EQ(bridge.core.gate().kills(), 1U);
    ASSERT_EQ(bridge.all<SendReceipt>().size(), 1U);
    EXPECT_EQ(bridge.last<SendReceipt>()->receipt.op_id, "k1");
  }
}

TEST_F(BridgeKillTest, TheReceiptCarriesTheExactCount) {
  run_to_open();
  for (int i = 0; i < 7; ++i) ASSERT_EQ(send("acme/prod/x", "acme/prod/y"), "pass");
  ASSERT_EQ(send("acme/prod/z", "acme/prod/y"), "pass");
  const auto killed = log.kill("acme/prod/x", "k1");
  live(killed);
  EXPECT_EQ(last<SendReceipt>()->receipt.forwarded_before, 7U);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(send("acme/prod/x", "acme/prod/y"), "sender-killed");
  live(killed);
  EXPECT_EQ(last<SendReceipt>()->receipt.forwarded_before, 7U);
  EXPECT_EQ(last<SendReceipt>()->receipt.refused_since, 3U);
  EXPECT_EQ(core.counters().refused_killed, 3U);
  EXPECT_EQ(core.counters().after_fence, 0U);
}

TEST_F(BridgeKillTest, H25_AnUncommittedKillHoldsAndIsReportedUntilTheLogHasIt) {
  run_to_open();
  const auto killed = log.kill("acme/prod/x", "k1");
  live(killed);
  pass(500 * kMs);
  ASSERT_EQ(last<SendBeat>()->beat.held.size(), 1U);
  EXPECT_EQ(last<SendBeat>()->beat.held[0], killed.frame);
  lease();
  pass(500 * kMs);
  EXPECT_TRUE(last<SendBeat>()->beat.held.empty());
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "sender-killed");
}

TEST_F(BridgeKillTest, AnAdoptedKillIsTheSameKill) {
  run_to_open();
  auto replaced = log.record(schemas::Kill{});
  replaced.op_id = "k1";
  replaced.kill().scope = scope("acme/prod/x");
  live(schemas::sign_record(replaced, log.key()).value());  // never committed
  live(log.left("b9"));
  live(log.kill("acme/prod/x", "k1"));  // adopted under a new number
  lease();
  EXPECT_EQ(core.gate().kills(), 1U);
  live(log.resume("acme/prod/x", {"k1"}));
  lease();
  EXPECT_EQ(core.gate().kills(), 0U);
  EXPECT_TRUE(core.is_open(now));
}

TEST_F(BridgeKillTest, AKillInALeaseFrameLatchesBeforeTheBridgeOpens) {
  connect();
  lease();
  replay();
  const auto before = frame();
  lease_with(with_uncommitted(before, {log.kill("acme/prod/x", "k1")}));
  ASSERT_TRUE(core.is_open(now));
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "sender-killed");
  EXPECT_EQ(last<SendReceipt>()->receipt.op_id, "k1");
}

TEST_F(BridgeKillTest, H30_AForgedKillIsTakenBackWithAnAlarm) {
  run_to_open();
  auto forged = log.record(schemas::Kill{});
  forged.kill().scope = scope("*");
  forged.op_id = "evil";
  core.on_log(schemas::sign_record(forged, stranger_key()).value().frame, now, effects);
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "sender-killed") << "first stop, then ask";
  core.settle(now, effects);
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "pass");
  EXPECT_TRUE(alarmed("not signed by control"));
}

TEST_F(BridgeKillTest, I3_AResumeSeenLiveDoesNothingUntilTheHeadCoversIt) {
  run_to_open();
  live(log.kill("acme/prod/x", "k1"));
  const auto killed = log.head();
  live(log.resume("acme/prod/x", {"k1"}));
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "sender-killed");
  auto not_yet = frame();
  not_yet.head = killed;
  lease_with(not_yet);
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "sender-killed");
  effects.clear();
  pass(500 * kMs);
  lease();
  EXPECT_EQ(last<SendReceipt>()->receipt.kind, schemas::RecordKind::kResume);
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y", 0), "old-incarnation");
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y", kIncarnationOffset + 3), "pass");
}

TEST_F(BridgeKillTest, AResumeThatTheStreamRefusedIsNeverApplied) {
  run_to_open();
  live(log.kill("acme/prod/x", "k1"));
  auto refused = log.record(schemas::Resume{});
  refused.resume().lifts = {"k1"};
  refused.resume().scope = scope("acme/prod/x");
  live(schemas::sign_record(refused, log.key()).value());
  live(log.left("b9"));  // took its place
  lease();
  EXPECT_TRUE(core.is_open(now));
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "sender-killed");
}

TEST_F(BridgeKillTest, H31_AReplayedKillThatWasLiftedIsNotEvenConfirmed) {
  run_to_open();
  const auto killed = log.kill("acme/prod/x", "k1");
  live(killed);
  live(log.resume("acme/prod/x", {"k1"}));
  lease();
  effects.clear();
  live(killed);
  EXPECT_TRUE(all<SendReceipt>().empty());
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y", kIncarnationOffset + 3), "pass");
}

TEST_F(BridgeKillTest, AtStartOldKillsAreLatchedWithoutAFloodOfReceipts) {
  for (int i = 0; i < 50; ++i) log.kill("acme/prod/x" + std::to_string(i), "k" + std::to_string(i));
  run_to_open();
  EXPECT_TRUE(all<SendReceipt>().empty());
  EXPECT_EQ(core.gate().kills(), 50U);
}

}  // namespace
}  // namespace estop::bridge
