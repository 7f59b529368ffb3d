// SPDX-License-Identifier: Apache-2.0

// A bridge checks control's snapshots, and begins with one. Design, §6: memory that ends.
#include "schemas/snapshot.h"
#include "tests/unit/bridge/bridge_fixture.h"

namespace estop::bridge {
namespace {

using schemas::BridgeState;
using schemas::LogState;

class BridgeSnapshotTest : public BridgeFixture {
 public:
  void lease_that_begins_at(std::uint64_t seq) {
    auto made = frame();
    made.begins = seq;
    lease_with(made);
  }
  // As run_to_open, where the log may begin with a snapshot.
  void run_to_open_from(std::uint64_t seq) {
    connect();
    for (int turn = 0; turn < 6 && !core.is_open(now); ++turn) {
      lease_that_begins_at(seq);
      replay();
    }
    ASSERT_TRUE(core.is_open(now)) << core.contact().why_closed();
  }
  void hear_from(std::uint64_t seq) {
    for (; seq <= log.head().seq; ++seq) live(log.records()[seq - 1]);
    lease();
  }
  // Orders of every kind, so that the state is not empty.
  void write_some() {
    log.kill("acme/prod/x", "k1");
    log.kill("acme/prod/y", "k2");
    log.kill("acme/*", "k3");
    log.resume("acme/*", {"k3"});
    log.left("b9");
  }
};

TEST_F(BridgeSnapshotTest, OneThatIsWhatItReadChangesNothing) {
  write_some();
  run_to_open();
  const std::uint64_t part = log.snapshot();
  hear_from(part);
  EXPECT_TRUE(core.is_open(now)) << core.contact().why_closed();
  EXPECT_EQ(core.gate().kills(), 2U);
  log.kill("acme/prod/z", "k4");
  hear_from(log.head().seq);
  hear_from(log.snapshot());
  EXPECT_TRUE(core.is_open(now)) << core.contact().why_closed();
}

TEST_F(BridgeSnapshotTest, OneThatIsAnotherClosesItForGoodWithAnAlarm) {
  const struct {
    const char* what;
    void (*bend)(LogState& state);
  } rows[] = {
      {"a kill is missing",
       [](LogState& s) {
         WrittenLog other;
         s.apply(other.resume("acme/prod/x", {"k1"}));
       }},
      {"a kill too many",
       [](LogState& s) {
         WrittenLog other;
         s.apply(other.kill("acme/prod/w", "k9"));
       }},
      {"another life",
       [](LogState& s) {
         WrittenLog other;
         s.apply(other.resume("acme/prod/w", {"k9"}));
       }},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    BridgeAtHand bridge;
    bridge.log.kill("acme/prod/x", "k1");
    bridge.run_to_open();
    auto seq = bridge.log.snapshot(row.bend);
    for (; seq <= bridge.log.head().seq; ++seq) bridge.live(bridge.log.records()[seq - 1]);
    bridge.lease();
    EXPECT_FALSE(bridge.core.is_open(bridge.now));
    EXPECT_TRUE(bridge.alarmed("is not what this bridge read"));
    EXPECT_EQ(bridge.send("acme/prod/x", "acme/prod/y"), "no-contact");
  }
}

TEST_F(BridgeSnapshotTest, OneWhosePartsItNeverSawClosesItForGood) {
  run_to_open();
  log.add(log.record(schemas::Snapshot{log.head(), 1, {}}));
  hear_from(log.head().seq);
  EXPECT_TRUE(alarmed("is not what this bridge read"));
}

// Control died between the parts, and its successor began anew.
TEST_F(BridgeSnapshotTest, PartsWithoutASnapshotMeanNothing) {
  write_some();
  run_to_open();
  log.begin_snapshot({"these parts", "are never ended"});
  hear_from(log.head().seq);
  log.kill("acme/prod/z", "k4");
  hear_from(log.head().seq);
  hear_from(log.snapshot());
  EXPECT_TRUE(core.is_open(now)) << core.contact().why_closed();
}

TEST_F(BridgeSnapshotTest, WhoHasReadNothingBeginsWithTheNewestOne) {
  write_some();
  const std::uint64_t part = log.snapshot();
  log.resume("acme/prod/y", {"k2"});
  connect();
  lease_that_begins_at(part);
  EXPECT_EQ(last<Replay>()->from, part);
  run_to_open_from(part);
  EXPECT_EQ(core.gate().kills(), 1U);
  EXPECT_EQ(send("acme/prod/x", "acme/prod/z"), "sender-killed");
  EXPECT_EQ(core.gate().incarnation(scope("acme/prod/y")), log.head().seq + kIncarnationOffset);
  effects.clear();
  hear_from(log.snapshot());
  EXPECT_TRUE(core.is_open(now)) << "and checks the next one: " << core.contact().why_closed();
}

// The next snapshot is there before the stream has answered.
TEST_F(BridgeSnapshotTest, WhoAskedForOneBeginsWithItThoughThereIsANewerOne) {
  write_some();
  const std::uint64_t part = log.snapshot();
  log.kill("acme/prod/z", "k4");
  connect();
  lease_that_begins_at(part);
  ASSERT_EQ(last<Replay>()->from, part);
  const std::uint64_t newer = log.snapshot();
  lease_that_begins_at(newer);
  for (std::uint64_t seq = part; seq <= log.head().seq; ++seq) {
    core.on_replayed(log.records()[seq - 1].frame, now, effects);
  }
  core.on_replay_done(now, effects);
  EXPECT_FALSE(alarmed("begins with")) << core.contact().why_closed();
  run_to_open_from(newer);
  EXPECT_EQ(core.gate().kills(), 3U);
}

TEST_F(BridgeSnapshotTest, WhatStandsBetweenThePartsComesBehindThem) {
  write_some();
  const auto state = log.state();
  const auto both = state.parts();
  const schemas::StateEntries none;
  log.begin_snapshot({both.front(), schemas::encode(none)});
  log.resume("acme/prod/x", {"k1"});
  log.kill("acme/prod/z", "k4");
  log.add_part(1);
  const std::uint64_t part = log.end_snapshot();
  run_to_open_from(part);
  EXPECT_EQ(core.gate().kills(), 2U);
  EXPECT_EQ(send("acme/prod/z", "acme/prod/w", log.head().seq), "sender-killed");
}

TEST_F(BridgeSnapshotTest, OneThatIsNotWhatItsPartsAddUpToClosesItForGood) {
  write_some();
  const std::uint64_t part = log.head().seq + 1;
  log.begin_snapshot(log.state().parts());
  log.add(log.record(schemas::Snapshot{WrittenLog::head_of(log.records()[part - 2]), 1, {}}));
  connect();
  lease_that_begins_at(part);
  replay();
  EXPECT_TRUE(alarmed("cannot be used"));
  EXPECT_FALSE(core.is_open(now));
}

TEST_F(BridgeSnapshotTest, ALogThatEndsWithinItsSnapshotOpensNothing) {
  write_some();
  log.begin_snapshot(log.state().parts());
  connect();
  lease_that_begins_at(log.head().seq);
  replay();
  EXPECT_TRUE(alarmed("ends within the snapshot"));
}

// It was away while the log was cut behind it. What was lifted meanwhile holds no more.
TEST_F(BridgeSnapshotTest, WhoWasAwayForTooLongBeginsWithTheSnapshotToo) {
  write_some();
  run_to_open();
  log.resume("acme/prod/x", {"k1"});
  log.kill("acme/prod/z", "k4");
  const std::uint64_t part = log.snapshot();
  lease_that_begins_at(part);
  EXPECT_EQ(last<Replay>()->from, part - 2) << "as long as the records are there it reads them";
  core.on_replay_failed("record 8: not-found", now, effects);
  pass(10'000 * kMs);
  EXPECT_EQ(last<Replay>()->from, part);
  replay();
  run_to_open_from(part);
  EXPECT_EQ(core.gate().kills(), 2U);
  EXPECT_EQ(send("acme/prod/z", "acme/prod/w"), "sender-killed");
  EXPECT_EQ(core.gate().incarnation(scope("acme/prod/x")), part - 2 + kIncarnationOffset);
}

// Whoever learns of a kill by its own eyes keeps it until the log says that it is over.
TEST_F(BridgeSnapshotTest, AKillSeenOnSightOutlivesTheBeginning) {
  write_some();
  const std::uint64_t part = log.snapshot();
  connect();
  auto seen = log.record(schemas::Kill{.scope = scope("acme/prod/w")});
  seen.op_id = "k5";
  live(schemas::sign_record(seen, log.key()).value());
  run_to_open_from(part);
  EXPECT_EQ(core.gate().kills(), 3U);
  ASSERT_EQ(last<SendBeat>()->beat.held.size(), 1U) << "control adopts it";
}

// A stop wins: what was lifted and forgotten acts, and what the log has holds.
TEST_F(BridgeSnapshotTest, ARepeatedKillIsIgnoredUntilItsResumeIsOldAndForgotten) {
  const auto kill = log.kill("acme/prod/x", "k1");
  log.resume("acme/prod/x", {"k1"});
  run_to_open();
  live(kill);
  EXPECT_EQ(core.gate().kills(), 0U);
  Gate& gate = const_cast<Gate&>(core.gate());
  gate.forget_lifted(kill.record.issued_at_ms + LiftedOps::kKept_ms);
  live(kill);
  EXPECT_EQ(core.gate().kills(), 0U);
  gate.forget_lifted(kill.record.issued_at_ms + LiftedOps::kKept_ms + 1);
  live(kill);
  EXPECT_EQ(core.gate().kills(), 1U);
}

}  // namespace
}  // namespace estop::bridge
