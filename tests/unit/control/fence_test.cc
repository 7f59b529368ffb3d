// SPDX-License-Identifier: Apache-2.0

// Bridges: joining, leases, fences.
#include <gtest/gtest.h>

#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

using schemas::BridgeState;
using schemas::RecordKind;

TEST(Bridges, AreGrantedALeaseOnlyAfterTheyJoinedInTheLog) {
  World world;
  world.stream_up = false;
  world.beat("b1", BridgeState::kJoining);
  EXPECT_FALSE(world.was_granted("b1"));
  world.stream_up = true;
  world.pass(1'000);
  EXPECT_TRUE(world.was_granted("b1"));
  EXPECT_EQ(world.stream.back().record.kind(), RecordKind::kBridgeJoined);
}

// After a stand-still both times are over in one tick.
TEST(Fence, ThatEndsWithTheTimeOfItsOrderIsToldAsReached) {
  World world;
  world.open("b1");
  const auto inbox = world.kill("acme/prod/x", "k1", {{"wait", {"fenced"}}, {"timeout_ms", 1'000}});
  world.now.boot_us += 60'000'000;
  world.send(Tick{});
  const Json done = world.answers(inbox).back();
  EXPECT_TRUE(done["done"]);
  EXPECT_TRUE(done["ok"]) << done;
  EXPECT_EQ(world.audited("unconfirmed"), 0U);
}

TEST(Bridges, AReplayingOneDoesNotJoin) {
  World world;
  world.beat("b1", BridgeState::kReplaying);
  EXPECT_FALSE(world.was_granted("b1"));
  EXPECT_EQ(world.stream.size(), 2U);
}

TEST(Bridges, AreGrantedALeaseWhileTheyJoinOrAreOpen) {
  const struct {
    BridgeState state;
    bool granted;
  } kRows[] = {
      {BridgeState::kReplaying, false},
      {BridgeState::kJoining, true},
      {BridgeState::kOpen, true},
      {BridgeState::kLeaving, false},
  };
  for (const auto& row : kRows) {
    World world;
    world.open("b1");
    world.beat("b1", row.state);
    EXPECT_EQ(world.was_granted("b1"), row.granted) << static_cast<int>(row.state);
  }
}

TEST(Bridges, AnUnansweredBeatIsWorthNothingOnceTheBridgeSaysThatItIsClosed) {
  World world;
  world.stream_up = false;
  world.beat("b1", BridgeState::kJoining);
  world.beat("b1", BridgeState::kReplaying);
  world.stream_up = true;
  world.pass(1'000);
  EXPECT_EQ(world.stream.back().record.kind(), RecordKind::kBridgeJoined);
  EXPECT_EQ(world.core->roster().maybe_open(world.now.boot_us), 0U);
}

TEST(Bridges, OneThatAppliedAnotherLogGetsNoLeaseAndAnAlarm) {  // I4
  World world;
  world.open("b1");
  schemas::BridgeBeat beat;
  beat.bridge = "b1";
  beat.state = BridgeState::kOpen;
  beat.applied = world.core->ledger().head();
  beat.applied.hash[0] ^= 1;
  world.beat(beat);
  EXPECT_FALSE(world.was_granted("b1"));
  EXPECT_TRUE(world.alarmed("bridge-log-differs"));
}

TEST(Bridges, OneThatBeatsInAnothersNameIsAnAlarmAndChangesNothing) {
  World world;
  world.open("b1");
  world.leases.clear();
  schemas::BridgeBeat beat;
  beat.bridge = "b1";
  beat.process = world.process;
  beat.state = BridgeState::kLeaving;
  beat.applied = world.core->ledger().head();
  world.send(BridgeBeatReceived{"b2", beat});
  EXPECT_TRUE(world.alarmed("forged-beat"));
  EXPECT_TRUE(world.leases.empty());
  EXPECT_EQ(world.core->roster().all().size(), 1U);
  EXPECT_EQ(world.core->roster().all().begin()->second.beat.state, BridgeState::kOpen);
}

// What a part reads, against what control may write beside it. A stop is never held back.
TEST(Bridges, ARecordThatAJoinedOneDoesNotReadIsWrittenOnlyIfItStopsSomebody) {
  using schemas::RecordKind;
  const auto reads_all_but = [](RecordKind kind) {
    schemas::Reads reads = schemas::own_reads();
    std::erase(reads.kinds, static_cast<std::uint8_t>(kind));
    return reads;
  };
  const struct {
    RecordKind not_read;
    bool kills, resumes, admits;
  } rows[] = {{RecordKind::kKill, true, true, true},
              {RecordKind::kResume, true, false, true},
              {RecordKind::kBridgeJoined, true, true, false},
              {RecordKind::kFirstSkippable, true, true, true}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.not_read);
    World world;
    world.open("b1");
    world.kill("acme/prod/x", "k1");
    schemas::BridgeBeat beat;
    beat.bridge = "b1";
    beat.state = BridgeState::kOpen;
    beat.applied = world.core->ledger().head();
    beat.reads = reads_all_but(row.not_read);
    world.beat(beat);
    world.open("b2");
    EXPECT_EQ(world.was_granted("b2"), row.admits);
    EXPECT_EQ(world.alarmed("bridge-reads-less"), !row.admits);
    const auto resume = world.resume("acme/prod/x", "r1");
    EXPECT_EQ(world.error(resume), row.resumes ? "" : "unknown-type");
    EXPECT_EQ(world.committed("r1") != nullptr, row.resumes);
    const auto kill = world.kill("acme/prod/x", "k2");
    EXPECT_EQ(world.committed("k2") != nullptr, row.kills);
    const std::string told = world.answers(kill).front().dump();
    EXPECT_EQ(told.find("bridge b1") != std::string::npos, row.not_read == RecordKind::kKill);
  }
}

TEST(Bridges, SilenceBeyondTheLeaseEndsInALeftRecord) {
  World world;
  world.open("b1");
  world.pass(6'000);
  EXPECT_EQ(world.stream.back().record.kind(), RecordKind::kBridgeLeft);
  EXPECT_TRUE(world.alarmed("bridge-lost"));
  EXPECT_EQ(world.core->roster().maybe_open(world.now.boot_us), 0U);
}

TEST(Bridges, OneThatWasDeclaredGoneGetsNoLeaseBeforeItJoinsAgain) {  // I1
  World world;
  world.open("b1");
  world.stream_up = false;
  world.pass(6'000);
  world.beat("b1", BridgeState::kOpen);
  EXPECT_FALSE(world.was_granted("b1"));
  world.stream_up = true;
  world.pass(1'000);
  world.open("b1");
  EXPECT_TRUE(world.was_granted("b1"));
  const auto inbox = world.kill("acme/prod/x", "k1", {{"wait", {"fenced"}}});
  EXPECT_FALSE(world.is_done(inbox));
  world.receipt("b1", "k1");
  EXPECT_TRUE(world.is_done(inbox));
}

TEST(Bridges, ACleanLeaveIsRecordedSoonAndNoAlarm) {
  World world;
  world.open("b1");
  world.beat("b1", BridgeState::kLeaving);
  world.pass(1'600);
  EXPECT_EQ(world.stream.back().record.kind(), RecordKind::kBridgeLeft);
  EXPECT_FALSE(world.alarmed("bridge-lost"));
}

TEST(Fence, NeedsTheReceiptOfEveryBridgeThatMayBeOpen) {
  World world;
  world.open("b1");
  world.open("b2");
  const auto inbox = world.kill("acme/prod/x", "k1", {{"wait", {"fenced"}}});
  world.receipt("b1", "k1", RecordKind::kKill, 5);
  EXPECT_EQ(world.stage(inbox, "fenced")["n"], 1);
  EXPECT_FALSE(world.is_done(inbox));
  world.receipt("b2", "k1", RecordKind::kKill, 7);
  EXPECT_EQ(world.stage(inbox, "fenced")["n"], 2);
  EXPECT_EQ(world.stage(inbox, "fenced")["forwarded_before"], 12);
  EXPECT_TRUE(world.is_done(inbox));
  EXPECT_EQ(world.audited("fenced"), 1U);
}

TEST(Fence, H57_CountsProcessesAndNotNames) {
  World world;
  world.open("b1");
  world.process = "process2";
  world.open("b1");  // a unit file that was copied, a rolling update
  EXPECT_TRUE(world.was_granted("b1"));
  const auto inbox = world.kill("acme/prod/x", "k1", {{"wait", {"fenced"}}});
  world.receipt("b1", "k1");
  EXPECT_EQ(world.stage(inbox, "fenced")["of"], 2);
  EXPECT_EQ(world.stage(inbox, "fenced")["missing"], Json({"b1"}));
  EXPECT_FALSE(world.is_done(inbox));
  world.receipt("b1", "k1");  // twice the same one
  EXPECT_FALSE(world.is_done(inbox));
  world.process = "process1";
  world.receipt("b1", "k1");
  EXPECT_TRUE(world.is_done(inbox));
}

// What the old one forwarded may still be on its way: the new one knows nothing of that.
TEST(Fence, H57_OfABridgeThatDiedAndIsBackWaitsForTheLeaseOfTheDeadOne) {
  World world;
  world.open("b1");
  world.pass(100);
  world.process = "process2";
  world.open("b1");
  const auto inbox = world.kill("acme/prod/x", "k1", {{"wait", {"fenced"}}});
  world.receipt("b1", "k1");
  EXPECT_FALSE(world.is_done(inbox));
  world.pass(5'300);
  EXPECT_TRUE(world.is_done(inbox));
  EXPECT_EQ(world.stage(inbox, "fenced")["outlived"], Json({"b1"}));
}

// Each start of a bridge is another process: none is remembered for ever.
TEST(Fence, ProcessesThatAreGoneAreForgotten) {
  World world;
  for (int life = 0; life < 40; ++life) {
    world.process = "life000" + std::to_string(life);
    world.open("b1");
    world.beat("b1", BridgeState::kLeaving);
    world.pass(2'000);
  }
  world.pass(10'000);
  EXPECT_TRUE(world.core->roster().all().empty());
}

TEST(Fence, ASilentBridgeCountsOnlyWhenItsLeaseIsOver) {  // rule 7
  World world;
  world.open("b1");
  const auto inbox = world.kill("acme/prod/x", "k1", {{"wait", {"fenced"}}});
  world.pass(4'900);
  EXPECT_FALSE(world.is_done(inbox));
  world.pass(500);
  EXPECT_TRUE(world.is_done(inbox));
  EXPECT_EQ(world.stage(inbox, "fenced")["outlived"], Json({"b1"}));
}

// It lost its link to AGENTS, or a record: it beats, but cannot be open, nor perhaps confirm.
class ClosedBridge : public ::testing::Test {
 protected:
  void SetUp() override { world.open("b1"); }
  void beats_for(std::uint64_t ms) {
    for (std::uint64_t passed = 0; passed < ms; passed += 500) {
      world.beat("b1", BridgeState::kReplaying);
      world.pass(500);
    }
  }
  World world;
};

TEST_F(ClosedBridge, HoldsUpNoFenceBeyondItsLastLease) {  // I9
  beats_for(2'000);
  const auto inbox = world.kill("acme/prod/x", "k1", {{"wait", {"fenced"}}});
  beats_for(3'000);
  EXPECT_FALSE(world.is_done(inbox)) << "what it forwarded may still be on its way";
  beats_for(500);
  EXPECT_TRUE(world.is_done(inbox));
  EXPECT_EQ(world.stage(inbox, "fenced")["outlived"], Json({"b1"}));
}

TEST_F(ClosedBridge, IsNotDeclaredGone) {
  beats_for(10'000);
  EXPECT_EQ(world.stream.back().record.kind(), RecordKind::kBridgeJoined);
  EXPECT_FALSE(world.alarmed("bridge-lost"));
}

TEST_F(ClosedBridge, OpensAgainWithoutANewRecordAndIsWaitedForAgain) {  // I1
  beats_for(10'000);
  const auto records = world.stream.size();
  world.open("b1");
  EXPECT_TRUE(world.was_granted("b1"));
  EXPECT_EQ(world.stream.size(), records);
  const auto inbox = world.kill("acme/prod/x", "k1", {{"wait", {"fenced"}}});
  EXPECT_FALSE(world.is_done(inbox));
  world.receipt("b1", "k1");
  EXPECT_TRUE(world.is_done(inbox));
}

TEST_F(ClosedBridge, MayStillConfirm) {
  world.beat("b1", BridgeState::kReplaying);
  const auto inbox = world.kill("acme/prod/x", "k1", {{"wait", {"fenced"}}});
  world.receipt("b1", "k1");
  EXPECT_TRUE(world.is_done(inbox));
}

TEST(Fence, WaitsForWhatABridgeThatLeftHadForwarded) {  // I1
  World world;
  world.open("b1");
  world.beat("b1", BridgeState::kLeaving);
  const auto inbox = world.kill("acme/prod/x", "k1", {{"wait", {"fenced"}}});
  world.pass(1'400);
  EXPECT_FALSE(world.is_done(inbox));
  world.pass(200);
  EXPECT_TRUE(world.is_done(inbox));
}

TEST(Fence, ABridgeOfAnEarlierControlMayBeOpenForALeaseAfterTheStart) {
  World world;
  world.open("b1");
  world.restart();
  const auto inbox = world.kill("acme/prod/x", "k1", {{"wait", {"fenced"}}});
  EXPECT_EQ(world.stage(inbox, "fenced"), Json());
  EXPECT_FALSE(world.is_done(inbox));
  world.pass(5'300);
  EXPECT_TRUE(world.is_done(inbox));
}

TEST(Fence, ABridgeOfAnEarlierControlCountsAlsoBeforeTheStreamIsRead) {  // I1, I2
  World world;
  world.open("b1");
  world.stream_up = false;
  world.restart();
  const auto inbox = world.kill("acme/prod/x", "k1", {{"wait", {"fenced"}}});
  EXPECT_FALSE(world.is_done(inbox));
  world.pass(5'300);
  EXPECT_TRUE(world.is_done(inbox));
}

TEST(Fence, ABridgeOfAnEarlierControlCountsAlsoWhileALostStreamIsMadeAnew) {  // H29, I1
  World world;
  world.open("b1");
  world.beat("b1", BridgeState::kLeaving);
  world.pass(1'600);
  world.open("b1");
  world.stream.clear();
  world.stream_answers = false;  // so that a later look commits it all at once
  world.restart();
  const auto before = world.kill("acme/prod/x", "k1", {{"wait", {"fenced"}}});
  world.pass(3'000);
  ASSERT_TRUE(world.core->ledger().is_leading());
  const auto after = world.kill("acme/prod/y", "k2", {{"wait", {"fenced"}}});
  EXPECT_FALSE(world.is_done(before));
  EXPECT_FALSE(world.is_done(after));
  world.pass(2'300);
  EXPECT_TRUE(world.is_done(before));
  EXPECT_TRUE(world.is_done(after));
}

TEST(Bridges, OneThatLeftInALostLogIsNoneWhenTheStreamIsMadeAnew) {  // H29
  World world;
  world.open("b1");
  world.beat("b1", BridgeState::kLeaving);
  world.pass(1'600);
  world.stream.clear();
  world.stream_answers = false;
  world.restart();
  world.pass(3'000);
  EXPECT_TRUE(world.core->ledger().is_leading());
  EXPECT_TRUE(world.core->roster().all().empty());
}

TEST(Fence, WithoutAnyBridgeIsReachedAndSaysSo) {
  World world;
  const auto inbox = world.kill("acme/prod/x", "k1");
  EXPECT_EQ(world.stage(inbox, "fenced")["of"], 0);
  EXPECT_EQ(world.stage(inbox, "fenced")["warning"], "no bridge is open");
  EXPECT_TRUE(world.stage(inbox, "done")["ok"]);
}

TEST(Fence, AForgedReceiptNeverCounts) {  // H30
  World world;
  world.open("b1");
  world.hello("acme/prod/x", "aaaaaaa1");
  world.signatures_good = false;
  const auto inbox = world.kill("acme/prod/x", "k1");
  world.receipt("b1", "k1");
  EXPECT_TRUE(world.alarmed("forged-receipt"));
  EXPECT_TRUE(world.stage(inbox, "fenced").is_null()) << "what is told is signed";
  world.signatures_good = true;
  world.receipt("b1", "k1");
  EXPECT_EQ(world.stage(inbox, "fenced")["n"], 1);
}

TEST(Fence, AReceiptCountsOnce) {
  World world;
  world.open("b1");
  world.open("b2");
  const auto inbox = world.kill("acme/prod/x", "k1");
  world.receipt("b1", "k1");
  world.receipt("b1", "k1");
  EXPECT_EQ(world.stage(inbox, "fenced")["n"], 1);
}

TEST(Fence, AnUnconfirmedKillIsPublishedAgain) {  // H26
  World world;
  world.open("b1");
  world.kill("acme/prod/x", "k1");
  const auto heard = world.live.size();
  world.beat("b1", BridgeState::kOpen);
  world.pass(1'200);
  EXPECT_GE(world.live.size(), heard + 2);
  EXPECT_EQ(world.count_committed("k1"), 1U);
  world.receipt("b1", "k1");
  const auto after = world.live.size();
  world.pass(1'200);
  EXPECT_EQ(world.live.size(), after);
}

TEST(Fence, AnUnconfirmedKillThatWasLiftedIsNotPublishedAgain) {
  World world;
  world.open("b1");
  world.kill("acme/prod/x", "k1");
  world.resume("acme/prod/x", "r1");
  const auto after = world.live.size();
  world.beat("b1", BridgeState::kOpen);
  world.pass(1'200);
  EXPECT_EQ(world.live.size(), after);
}

TEST(Fence, APassedIntentAfterTheLatchIsAnAlarm) {
  World world;
  world.open("b1");
  schemas::BridgeBeat beat;
  beat.bridge = "b1";
  beat.state = BridgeState::kOpen;
  beat.applied = world.core->ledger().head();
  beat.after_fence = 1;
  world.beat(beat);
  EXPECT_TRUE(world.alarmed("after-fence"));
}

// A kill that only a bridge remembers: control died before it could commit it.
class KillHeldByABridge : public ::testing::Test {
 protected:
  void hold(const schemas::SignedRecord& held) {
    schemas::BridgeBeat beat;
    beat.bridge = "b1";
    beat.state = BridgeState::kOpen;
    beat.applied = world.core->ledger().head();
    beat.held = {held.frame};
    world.beat(beat);
  }
  schemas::Record kill = [] {
    schemas::Record record =
        draft_of(schemas::Kill{.scope = schemas::Scope::parse("acme/prod/x").value()}, "k9", "bob");
    record.reason = "he saw it first";
    return record;
  }();
  World world;
};

TEST_F(KillHeldByABridge, IsAdoptedUnderANewNumberWithItsOpId) {
  hold(schemas::sign_record(kill, log_key()).value());
  ASSERT_NE(world.committed("k9"), nullptr);
  EXPECT_EQ(world.committed("k9")->actor.name, "bob");
  EXPECT_EQ(world.audited("adopted"), 1U);
  hold(schemas::sign_record(kill, log_key()).value());
  EXPECT_EQ(world.count_committed("k9"), 1U);
}

TEST_F(KillHeldByABridge, IsNotAdoptedWithAForeignSignature) {  // H30, H31
  hold(schemas::sign_record(kill, schemas::SigningKey::generate(schemas::KeyRole::kAccount))
           .value());
  EXPECT_EQ(world.committed("k9"), nullptr);
  EXPECT_TRUE(world.alarmed("forged-kill"));
}

TEST_F(KillHeldByABridge, ThatWasLiftedSinceStaysLifted) {  // H31
  hold(schemas::sign_record(kill, log_key()).value());
  world.resume("acme/prod/x", "r1");
  hold(schemas::sign_record(kill, log_key()).value());
  EXPECT_TRUE(world.core->ledger().latches().all().empty());
}

}  // namespace
}  // namespace estop::control
