// SPDX-License-Identifier: Apache-2.0

// How the control log is written, kept and found again.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

using schemas::RecordKind;

TEST(ControlLog, OpensWithAnEpochAndATerm) {
  World world;
  ASSERT_EQ(world.stream.size(), 2U);
  EXPECT_EQ(world.stream[0].record.kind(), RecordKind::kEpochOpened);
  EXPECT_EQ(world.stream[1].record.kind(), RecordKind::kTermOpened);
  EXPECT_EQ(world.stream[1].record.prev, world.stream[0].hash);
  EXPECT_EQ(world.stored.size(), 2U);
  EXPECT_TRUE(world.core->ledger().is_leading());
}

TEST(ControlLog, EachLeaderHasAHigherTerm) {
  World world;
  world.restart();
  world.restart();
  EXPECT_EQ(world.stream.back().record.term, 3U);
}

// H25: kill while the stream is down: everybody hears it, and after the repair the log has it
// exactly once.
TEST(ControlLog, AKillWithoutAStreamActsAndIsCommittedOnceAfterTheRepair) {
  World world;
  world.stream_up = false;
  const auto inbox = world.kill("acme/prod/x", "k1", {{"wait", {"committed"}}});
  EXPECT_EQ(schemas::open_record(world.live.back()).value().record.op_id, "k1");
  EXPECT_FALSE(world.to_agents.empty());
  EXPECT_TRUE(world.stage(inbox, "committed").is_null());
  world.pass(1'000);
  ASSERT_FALSE(world.leases.back().uncommitted.empty());
  world.stream_up = true;
  world.pass(2'000);
  EXPECT_EQ(world.count_committed("k1"), 1U);
  EXPECT_FALSE(world.stage(inbox, "committed").is_null());
  EXPECT_TRUE(world.leases.back().uncommitted.empty());
}

// Rule 3.4: the recorder need not work either.
TEST(ControlLog, AKillWithAFullDiskActsAndBecomesDurableLater) {  // H42
  World world;
  world.recorder_up = false;
  const auto inbox = world.kill("acme/prod/x", "k1");
  EXPECT_FALSE(world.to_agents.empty());
  EXPECT_FALSE(world.stage(inbox, "committed").is_null());
  EXPECT_TRUE(world.stage(inbox, "durable").is_null());
  EXPECT_TRUE(world.alarmed("recorder-failed"));
  world.recorder_up = true;
  world.pass(1'000);
  EXPECT_FALSE(world.stage(inbox, "durable").is_null());
}

TEST(ControlLog, AResumeIsRefusedWhileTheRecorderIsFull) {  // H42
  World world;
  world.recorder_up = false;
  world.kill("acme/prod/x", "k1");
  EXPECT_EQ(world.error(world.resume("acme/prod/x", "r1")), "store-unavailable");
  EXPECT_EQ(world.committed("r1"), nullptr);
  EXPECT_FALSE(world.core->ledger().latches().all().empty());
}

TEST(ControlLog, AResumeIsRefusedWhileTheStreamIsDown) {
  World world;
  world.stream_up = false;
  world.kill("acme/prod/x", "k1");
  EXPECT_EQ(world.error(world.resume("acme/prod/x", "r1")), "store-unavailable");
}

// Rule 3.3: committed is not enough; the head of a lease moves over a resume when it is durable
// too.
TEST(ControlLog, AResumeIsNotInALeaseBeforeItIsDurable) {
  World world;
  world.kill("acme/prod/x", "k1");
  const auto before = world.core->ledger().head().seq;
  world.recorder_up = false;
  const auto inbox = world.resume("acme/prod/x", "r1");
  EXPECT_FALSE(world.stage(inbox, "committed").is_null());
  world.pass(1'000);
  EXPECT_EQ(world.leases.back().head.seq, before);
  EXPECT_FALSE(world.core->ledger().latches().all().empty());
  world.recorder_up = true;
  world.pass(1'000);
  EXPECT_EQ(world.leases.back().head.seq, before + 1);
  EXPECT_TRUE(world.core->ledger().latches().all().empty());
}

TEST(ControlLog, AKillBehindAWaitingResumeIsCarriedByEveryLease) {
  World world;
  world.kill("acme/prod/x", "k1");
  world.recorder_up = false;
  world.resume("acme/prod/x", "r1");
  world.kill("acme/prod/y", "k2");
  world.pass(1'000);
  ASSERT_EQ(world.leases.back().uncommitted.size(), 1U);
  EXPECT_EQ(schemas::open_record(world.leases.back().uncommitted[0]).value().record.op_id, "k2");
}

TEST(ControlLog, ALostAnswerOfTheStreamIsFoundOutByReadingIt) {
  World world;
  world.stream_answers = false;
  const auto inbox = world.kill("acme/prod/x", "k1", {{"wait", {"committed"}}});
  EXPECT_TRUE(world.stage(inbox, "committed").is_null());
  world.stream_answers = true;
  world.pass(3'000);
  EXPECT_FALSE(world.stage(inbox, "committed").is_null());
  EXPECT_EQ(world.count_committed("k1"), 1U);
}

TEST(ControlLog, WhatTheStreamHasAndTheRecorderLostIsAdoptedAtTheNextStart) {
  World world;
  world.kill("acme/prod/x", "k1");
  world.stored.pop_back();
  world.restart();
  EXPECT_EQ(world.stored.size(), world.stream.size());
  EXPECT_EQ(world.core->ledger().latches().all().size(), 1U);
  EXPECT_EQ(world.audited("adopted"), 1U);
}

TEST(ControlLog, WhatTheRecorderHasAndTheStreamNeverGotIsAppendedAtTheNextStart) {
  World world;
  world.stream_up = false;
  world.kill("acme/prod/x", "k1");
  world.stream_up = true;
  world.restart();
  world.pass(1'000);
  EXPECT_EQ(world.count_committed("k1"), 1U);
}

TEST(ControlLog, ALostStreamIsMadeAnewByteForByte) {  // H29
  World world;
  world.kill("acme/prod/x", "k1");
  world.resume("acme/prod/x", "r1");
  world.kill("acme/prod/y", "k2");
  const auto before = world.stream;
  world.stream.clear();
  world.restart();
  world.pass(1'000);
  ASSERT_GT(world.stream.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(world.stream[i].frame, before[i].frame);
  EXPECT_TRUE(world.core->ledger().is_leading());
  EXPECT_EQ(world.core->ledger().latches().all().size(), 1U);
}

TEST(ControlLog, ALongLogIsMadeAnewInWindows) {
  World world;
  for (int i = 0; i < 700; ++i) world.kill("acme/prod/x", fmt::format("k{}", i));
  world.stream.clear();
  world.restart();
  world.pass(1'000);
  EXPECT_EQ(world.stream.size(), 2U + 700U + 1U);
}

TEST(ControlLog, NoLeaseIsGivenBeforeAStreamIsMadeAnew) {  // I4: the head never goes back
  World world;
  world.kill("acme/prod/x", "k1");
  const auto head = world.core->ledger().head();
  world.stream.clear();
  world.stream_answers = false;
  world.leases.clear();
  world.restart();
  EXPECT_TRUE(world.leases.empty());
  world.stream_answers = true;
  world.pass(3'000);
  ASSERT_FALSE(world.leases.empty());
  EXPECT_GT(world.leases.front().head.seq, head.seq);
}

TEST(ControlLog, AStreamThatGoesBackWhileLeadingIsAStop) {  // H29
  World world;
  world.kill("acme/prod/x", "k1");
  world.stream.pop_back();
  world.pass(3'000);
  EXPECT_FALSE(world.stops.empty());
  EXPECT_TRUE(world.alarmed("log-broken"));
}

TEST(ControlLog, ALookAtTheStreamThatACommitOvertakesIsNoStop) {
  World world;
  world.stream_slow = true;
  world.pass(3'000);
  ASSERT_TRUE(world.slow_read.has_value());
  world.kill("acme/prod/x", "k1");
  EXPECT_EQ(world.count_committed("k1"), 1U);
  world.send(*world.slow_read);
  EXPECT_TRUE(world.stops.empty());
  EXPECT_TRUE(world.core->ledger().is_leading());
}

TEST(ControlLog, AnotherRecordAtAPlaceIsAStopAndNotAGuess) {
  World world;
  world.kill("acme/prod/x", "k1");
  schemas::Record other = world.stream.back().record;
  other.reason = "forged";
  world.stream.back() = schemas::sign_record(other, log_key()).value();
  world.restart();
  EXPECT_FALSE(world.stops.empty());
  EXPECT_FALSE(world.core->ledger().is_leading());
}

TEST(ControlLog, AStreamRecordOfAnotherKeyIsAStop) {  // H30
  World world;
  schemas::Record foreign = world.stream.back().record;
  foreign.prev = world.stream.back().hash;
  foreign.seq += 1;
  foreign.op_id = "foreign";
  world.stream.push_back(
      schemas::sign_record(foreign, schemas::SigningKey::generate(schemas::KeyRole::kAccount))
          .value());
  world.restart();
  EXPECT_FALSE(world.stops.empty());
}

TEST(ControlLog, AKillBeforeTheHeadIsKnownActsAndIsNumberedLater) {
  World world;
  world.kill("acme/prod/w", "k0");
  world.stored.pop_back();  // the stream is ahead of the recorder
  world.stream_up = false;
  world.restart();
  const auto inbox = world.kill("acme/prod/x", "k1");
  EXPECT_EQ(schemas::open_record(world.to_agents.back()).value().record.op_id, "k1");
  EXPECT_EQ(world.stage(inbox, "accepted")["seq"], 0);
  world.stream_up = true;
  world.pass(2'000);
  EXPECT_EQ(world.count_committed("k1"), 1U);
  EXPECT_EQ(world.core->ledger().latches().all().size(), 2U);
  EXPECT_FALSE(world.stage(inbox, "durable").is_null());
  EXPECT_TRUE(world.stops.empty());
}

TEST(ControlLog, NothingButAKillIsPossibleBeforeTheHeadIsKnown) {
  World world;
  world.stream_up = false;
  world.restart();
  world.kill("acme/prod/x", "k1");
  EXPECT_EQ(world.error(world.resume("acme/prod/x", "r1")), "store-unavailable");
  world.leases.clear();
  world.open("b1");
  EXPECT_TRUE(world.leases.empty());
}

TEST(ControlLog, IncarnationsNeverGoBack) {
  World world;
  world.kill("acme/prod/x", "k1");
  world.resume("acme/prod/x", "r1");
  const auto first = world.core->ledger().latches().incarnation(address_of("acme/prod/x"), "");
  world.stream.clear();
  world.restart();
  world.kill("acme/*", "k2");
  world.resume("acme/*", "r2");
  EXPECT_GT(first, 0U);
  EXPECT_GT(world.core->ledger().latches().incarnation(address_of("acme/prod/x"), ""), first);
}

}  // namespace
}  // namespace estop::control
