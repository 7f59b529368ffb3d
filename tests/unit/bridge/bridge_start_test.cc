// SPDX-License-Identifier: Apache-2.0

// Start closed, open only when everything is known, close at every loss. Hazards H23, H24, H26,
// H29, H32, H45; I4, I5.
#include "tests/support/forged.h"
#include "tests/unit/bridge/bridge_fixture.h"

namespace estop::bridge {
namespace {

using schemas::BridgeState;

class BridgeStartTest : public BridgeFixture {};

TEST_F(BridgeStartTest, H24_ItJoinsTheGroupOnlyAfterReplayAndTheEchoOfAJoiningBeat) {
  log.kill("acme/prod/x", "k1");
  connect();
  EXPECT_EQ(core.contact().state(), BridgeState::kReplaying);
  lease();
  ASSERT_TRUE(last<Replay>());
  EXPECT_EQ(last<Replay>()->to, 2U);
  replay();
  EXPECT_EQ(core.contact().state(), BridgeState::kJoining);
  EXPECT_TRUE(all<JoinGroup>().empty());
  EXPECT_EQ(last<SendBeat>()->beat.state, BridgeState::kJoining);
  lease();
  EXPECT_EQ(core.contact().state(), BridgeState::kOpen);
  EXPECT_EQ(all<JoinGroup>().size(), 1U);
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "sender-killed");
}

TEST_F(BridgeStartTest, AnEchoOfABeatFromBeforeJoiningDoesNotOpenIt) {
  connect();
  const schemas::Grant early{"b1", kProcess, last<SendBeat>()->beat.nonce};
  lease();
  replay();
  auto stale = frame();
  stale.grants = {early};
  lease_with(stale);
  EXPECT_EQ(core.contact().state(), BridgeState::kJoining);
}

TEST_F(BridgeStartTest, H23_WithoutAnEchoItClosesWhenTheLeaseIsOver) {
  run_to_open();
  pass(4'000 * kMs);
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "pass");
  auto others = frame();
  others.grants = {{"b2", kProcess, others.grants[0].nonce}};
  lease_with(others);
  pass(1'000 * kMs);
  EXPECT_EQ(all<LeaveGroup>().size(), 1U);
  EXPECT_EQ(core.contact().state(), BridgeState::kReplaying);
  EXPECT_NE(core.contact().why_closed().find("no contact with control for 5000 ms"),
            std::string::npos);
}

TEST_F(BridgeStartTest, H32H33_TheLeaseIsCheckedBeforeEveryIntentWithoutATick) {
  run_to_open();
  now += 30'000 * kMs;  // frozen or suspended, then a batch of old intents
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "no-contact");
  EXPECT_EQ(core.counters().forwarded, 0U);
}

TEST_F(BridgeStartTest, H57_WhatItForwardedMayBeWrittenUntilTheNewestLeaseEnds) {
  EXPECT_FALSE(core.may_write(now));
  run_to_open();
  now += bridge_options().lease - 1;
  EXPECT_TRUE(core.may_write(now));
  EXPECT_FALSE(core.may_write(now + 1)) << "frozen between the look at the lease and the write";
  effects.clear();
  core.on_tick(now - kMs, effects);  // a beat
  lease();
  EXPECT_TRUE(core.may_write(now + 1)) << "control waits for the newer lease";
  core.on_disconnected(Account::kControl, now, effects);
  EXPECT_TRUE(core.may_write(now + 1))
      << "closed before its end: control waits for it all the same";
}

TEST_F(BridgeStartTest, H57_OfOneThatLeavesOnlyForHalfTheTimeToArrive) {
  run_to_open();
  core.on_leave(now, effects);
  EXPECT_TRUE(core.may_write(now + 499 * kMs));
  EXPECT_FALSE(core.may_write(now + 500 * kMs)) << "control counts one second from its beat";
}

// What it wrote, also its term, was lost with the newest part of the stream and of the recorder.
TEST_F(BridgeStartTest, H29_AControlOfAnEarlierTermIsAnAlarmOnceItsSuccessorIsSilent) {
  run_to_open();
  auto newer = frame();
  newer.term = 2;
  lease_with(newer);
  const auto older = [&] {
    effects.clear();
    lease();
    return alarmed("its log went back");
  };
  pass(12'000 * kMs);
  EXPECT_FALSE(older()) << "a deposed leader goes on for a moment";
  pass(1 * kMs);
  EXPECT_TRUE(older());
  EXPECT_FALSE(core.is_open(now));
  EXPECT_FALSE(older()) << "once";
  newer.grants.clear();
  lease_with(newer);
  pass(12'001 * kMs);
  EXPECT_TRUE(older()) << "silent again";
}

TEST_F(BridgeStartTest, ItGoesOnForAsLongAsItsBeatsAreEchoed) {
  run_to_open();
  for (int i = 0; i < 40; ++i) {
    pass(500 * kMs);
    lease();
    ASSERT_EQ(send("acme/prod/x", "acme/prod/y"), "pass");
  }
}

TEST_F(BridgeStartTest, H26_AGapInTheLogClosesItUntilTheGapIsRead) {
  run_to_open();
  log.kill("acme/prod/x", "k1");  // lost on the way
  lease();
  EXPECT_EQ(all<LeaveGroup>().size(), 1U);
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "no-contact");
  replay();
  EXPECT_EQ(all<SendReceipt>().size(), 1U) << "control waits for this kill's receipt";
  lease();
  EXPECT_TRUE(core.is_open(now));
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "sender-killed");
}

TEST_F(BridgeStartTest, AReplayThatFailsIsTriedAgainAndNothingOpensMeanwhile) {
  log.kill("acme/prod/x", "k1");
  connect();
  lease();
  core.on_replay_failed("no answer", now, effects);
  effects.clear();
  pass(100 * kMs);
  EXPECT_FALSE(last<Replay>());
  pass(200 * kMs);
  EXPECT_TRUE(last<Replay>());
  EXPECT_FALSE(core.is_open(now));
}

TEST_F(BridgeStartTest, EitherConnectionLostClosesItAndBothBackOpenIt) {
  for (const Account account : {Account::kAgents, Account::kControl}) {
    effects.clear();
    run_to_open();
    core.on_disconnected(account, now, effects);
    EXPECT_FALSE(core.is_open(now));
    EXPECT_EQ(all<LeaveGroup>().size(), 1U);
  }
}

TEST_F(BridgeStartTest, WithoutAgentsItBeatsOnButAsksForNoLeaseUntilThatIsBack) {
  run_to_open();
  core.on_disconnected(Account::kAgents, now, effects);
  for (int beats = 0; beats < 3; ++beats) {
    EXPECT_EQ(last<SendBeat>()->beat.state, BridgeState::kReplaying);
    effects.clear();
    pass(500 * kMs);
    lease();
  }
  effects.clear();
  core.on_connected(Account::kAgents, now, effects);
  EXPECT_EQ(last<SendBeat>()->beat.state, BridgeState::kReplaying);
  lease();
  EXPECT_EQ(last<SendBeat>()->beat.state, BridgeState::kJoining);
  EXPECT_FALSE(core.is_open(now));
  lease();
  EXPECT_TRUE(core.is_open(now));
}

TEST_F(BridgeStartTest, I4_ALogThatGoesBackClosesItForGood) {
  log.kill("acme/prod/x", "k1");
  run_to_open();
  auto back = frame();
  back.head = WrittenLog::head_of(log.records()[0]);
  lease_with(back);
  EXPECT_TRUE(alarmed("went back from 1:2 to 1:1"));
  connect();
  lease();
  lease();
  EXPECT_FALSE(core.is_open(now));
}

// Of the resume's record control and this bridge read the same, and of the kills before it not.
TEST_F(BridgeStartTest, AResumeThatMeansOtherKillsThanItHoldsClosesItForGood) {
  const auto killed = log.kill("acme/prod/x", "k1");
  run_to_open();
  schemas::Resume resume{.scope = scope("acme/prod/x")};
  resume.through = schemas::through({killed.record.epoch, killed.record.seq, {}}, {});
  resume.through.count = 2;
  live(log.add(log.record(std::move(resume))));
  lease();
  EXPECT_TRUE(alarmed("closed for good"));
  EXPECT_NE(last<SendBeat>()->beat.state, BridgeState::kJoining) << "that may open";
  EXPECT_NE(core.contact().why_closed().find("are not the 2 that resume"), std::string::npos)
      << core.contact().why_closed();
}

TEST_F(BridgeStartTest, AStreamThatDoesNotMatchTheSignedHeadClosesItForGood) {
  connect();
  log.kill("acme/prod/x", "k1");
  lease();
  WrittenLog other;
  other.kill("acme/prod/other", "k1");
  for (const auto& record : other.records()) replay_one(record);
  EXPECT_TRUE(alarmed("is not the one that control signed"));
}

TEST_F(BridgeStartTest, H45_ASignedRecordOfAKindThatItDoesNotKnowClosesItForGood) {
  run_to_open();
  auto strange = log.record(schemas::Kill{});
  strange.body = schemas::Skipped{static_cast<schemas::RecordKind>(99)};
  core.on_log(testing::forged_record(strange, log.key()), now, effects);
  EXPECT_TRUE(alarmed("unknown-type"));
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "no-contact");
}

TEST_F(BridgeStartTest, GarbageOnTheLogIsCountedAndSaysNothing) {
  run_to_open();
  core.on_log("garbage", now, effects);
  core.on_lease("garbage", now, effects);
  EXPECT_EQ(core.counters().bad_frames, 2U);
  EXPECT_TRUE(core.is_open(now));
}

TEST_F(BridgeStartTest, ALeaseFrameOfAStrangerGrantsNothing) {
  run_to_open();
  const auto until = core.contact().lease().until();
  pass(500 * kMs);
  core.on_lease(schemas::sign_lease(frame(), stranger_key()).value(), now, effects);
  EXPECT_EQ(core.contact().lease().until(), until);
  EXPECT_TRUE(alarmed("bad-signature"));
}

// Of its id, a rolling update's other one: what is granted to that one is nothing to this one.
TEST_F(BridgeStartTest, H57_AGrantToAnotherProcessOfItsIdIsNotItsOwn) {
  connect();
  lease();
  replay();
  auto others = frame();
  others.grants = {{"b1", "process2", others.grants[0].nonce}};
  lease_with(others);
  EXPECT_EQ(core.contact().state(), BridgeState::kJoining);
  lease();
  EXPECT_EQ(core.contact().state(), BridgeState::kOpen);
}

// Only one of them can have written the term into the log: the other's log is not this one, or it
// was brought back from an old copy. What its frames say decides, as of any control.
TEST_F(BridgeStartTest, H57_TwoControlsInOneTermAreAnAlarmAndALogThatWentBackCloses) {
  log.kill("acme/prod/x", "k1");
  run_to_open();
  auto second = frame();
  second.leader = "control2";
  lease_with(second);
  EXPECT_TRUE(alarmed("two controls lead in term 1: control1 and control2"));
  EXPECT_TRUE(core.is_open(now));
  second.head = WrittenLog::head_of(log.records().front());
  lease_with(second);
  EXPECT_FALSE(core.is_open(now));
  EXPECT_TRUE(alarmed("closed for good"));
}

TEST_F(BridgeStartTest, I11_ADeposedLeaderGrantsNothing) {
  run_to_open();
  pass(500 * kMs);
  auto elected = frame();
  elected.term = 2;
  elected.grants.clear();
  lease_with(elected);
  const auto until = core.contact().lease().until();
  pass(500 * kMs);
  lease();
  EXPECT_EQ(core.contact().lease().until(), until);
}

TEST_F(BridgeStartTest, AnotherProcessOfItsIdThatIsDeclaredGoneIsNotItself) {
  run_to_open();
  auto left = log.record(schemas::BridgeLeft{.bridge = "b1", .process = "process2"});
  live(log.add(std::move(left)));
  lease();
  EXPECT_EQ(core.contact().state(), BridgeState::kOpen);
}

TEST_F(BridgeStartTest, DeclaredGoneItClosesAndJoinsAnew) {
  run_to_open();
  live(log.left("b1"));
  lease();
  EXPECT_EQ(all<LeaveGroup>().size(), 1U);
  lease();
  EXPECT_TRUE(core.is_open(now));
}

TEST_F(BridgeStartTest, ACleanStopLeavesAndSaysSo) {
  run_to_open();
  core.on_leave(now, effects);
  EXPECT_EQ(all<LeaveGroup>().size(), 1U);
  EXPECT_EQ(last<SendBeat>()->beat.state, BridgeState::kLeaving);
  lease();
  EXPECT_FALSE(core.is_open(now));
}

}  // namespace
}  // namespace estop::bridge
