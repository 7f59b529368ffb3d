// SPDX-License-Identifier: Apache-2.0

// Snapshots of the control log: when they are written, and what stands in them.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "schemas/snapshot.h"
#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

using schemas::RecordKind;

struct SnapshotWorld : World {
  SnapshotWorld() {
    snapshot_every = 16;
    restart();
    open("b1");
  }
  // Orders, each of a scope of its own; every second one is lifted.
  void give_orders(int count, const std::string& reason = "drill") {
    for (int i = 0; i < count; ++i, ++given) {
      const std::string number = std::to_string(given);
      ask("kill", {{"scope", "acme/prod/x" + number}, {"reason", reason}, {"op_id", "k" + number}});
      if (given % 2 == 0) resume("acme/prod/x" + number, "r" + number);
    }
  }
  [[nodiscard]] std::size_t count(RecordKind kind) const {
    return static_cast<std::size_t>(std::count_if(
        stream.begin(), stream.end(), [&](const auto& one) { return one.record.kind() == kind; }));
  }
  // What the log says behind the record with this number.
  [[nodiscard]] schemas::LogState folded(std::uint64_t seq) const {
    schemas::LogState state;
    for (std::uint64_t i = 0; i < seq; ++i) state.apply(stream[i]);
    return state;
  }
  // The number of part 0 of the newest one in the stream, which is whole and as its log is.
  std::uint64_t newest_is_right() const {
    const schemas::Snapshot* newest = nullptr;
    for (const auto& one : stream) {
      if (const auto* found = std::get_if<schemas::Snapshot>(&one.record.body)) newest = found;
    }
    if (newest == nullptr) return 0;
    const std::uint64_t part = newest->place.seq + 1;
    schemas::SnapshotStart start(stream[part - 1]);
    for (std::uint64_t seq = part + 1; !start.is_whole(); ++seq) {
      const auto taken = start.take(stream[seq - 1]);
      EXPECT_TRUE(taken);
      if (!taken) return 0;
    }
    EXPECT_EQ(start.state().parts(), folded(newest->place.seq).parts());
    return part;
  }
  void write_one() {
    give_orders(12);
    pass(300);
  }
  // And the bridge has applied both.
  void write_two() {
    write_one();
    write_one();
    beat("b1", schemas::BridgeState::kOpen);
    pass(kTick_ms);
  }
  int given = 0;
};

TEST(Snapshots, AreWrittenEveryNRecordsAndLeasesSayWhereTheNewestBegins) {
  SnapshotWorld world;
  EXPECT_EQ(world.leases.back().begins, 0U);
  for (int round = 0; round < 4; ++round) {
    world.give_orders(12);
    world.pass(1'000);
    EXPECT_EQ(world.count(RecordKind::kSnapshot), static_cast<std::size_t>(round) + 1);
    const std::uint64_t part = world.newest_is_right();
    EXPECT_EQ(world.leases.back().begins, part);
    EXPECT_EQ(world.stream.size(), world.stored.size());
  }
  EXPECT_EQ(world.audited("snapshot"), 4U);
  world.pass(10'000);
  EXPECT_EQ(world.count(RecordKind::kSnapshot), 4U) << "nothing new is to be said";
}

TEST(Snapshots, AreNotWrittenWhileAnythingIsUnderWay) {
  const struct {
    const char* what;
    bool World::*neighbour;
  } rows[] = {{"the stream", &World::stream_up}, {"the recorder", &World::recorder_up}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    SnapshotWorld world;
    world.*row.neighbour = false;
    world.give_orders(24);
    world.pass(2'000);
    EXPECT_EQ(world.count(RecordKind::kSnapshotPart), 0U);
    world.*row.neighbour = true;
    world.pass(2'000);
    EXPECT_EQ(world.count(RecordKind::kSnapshot), 1U);
    EXPECT_NE(world.newest_is_right(), 0U);
  }
}

TEST(Snapshots, WaitForABridgeThatDoesNotReadThem) {
  SnapshotWorld world;
  schemas::BridgeBeat beat;
  beat.bridge = "b1";
  beat.state = schemas::BridgeState::kOpen;
  beat.applied = world.core->ledger().head();
  std::erase(beat.reads.kinds, static_cast<std::uint8_t>(RecordKind::kSnapshot));
  world.beat(beat);
  world.give_orders(24);
  world.pass(1'000);
  EXPECT_EQ(world.count(RecordKind::kSnapshotPart), 0U);
}

// One of an earlier version may be among those that joined under an earlier control.
TEST(Snapshots, WaitForEveryJoinedBridgeToSayWhatItReads) {
  SnapshotWorld world;
  world.recorder_up = false;
  world.give_orders(24);
  world.restart();
  world.recorder_up = true;
  world.pass(2'000);
  EXPECT_EQ(world.count(RecordKind::kSnapshotPart), 0U);
  world.beat("b1", schemas::BridgeState::kReplaying);
  world.pass(1'000);
  EXPECT_EQ(world.count(RecordKind::kSnapshot), 1U);
}

// Kills do not wait for all parts, and come behind those that are written.
TEST(Snapshots, LetOrdersInBetweenTheirParts) {
  SnapshotWorld world;
  world.give_orders(600, std::string(schemas::kReasonMax_bytes, 'r'));
  world.pass(kTick_ms);
  EXPECT_EQ(world.count(RecordKind::kSnapshotPart), kPartsAtOnce);
  world.give_orders(2);
  world.resume("acme/prod/x1", "r1");
  world.pass(1'000);
  EXPECT_EQ(world.count(RecordKind::kSnapshot), 1U);
  const std::uint64_t part = world.newest_is_right();
  EXPECT_EQ(world.stream[part + kPartsAtOnce - 1].record.op_id, "k600");
}

TEST(Snapshots, OfWhichARestartCutTheWritingShortAreBegunAnew) {
  SnapshotWorld world;
  world.give_orders(600, std::string(schemas::kReasonMax_bytes, 'r'));
  world.pass(kTick_ms);
  ASSERT_EQ(world.count(RecordKind::kSnapshot), 0U);
  world.restart();
  world.open("b1");
  world.pass(2'000);
  EXPECT_EQ(world.count(RecordKind::kSnapshot), 1U);
  const std::uint64_t part = world.newest_is_right();
  EXPECT_GT(part, kPartsAtOnce + 600);
  EXPECT_EQ(world.leases.back().begins, part);
}

TEST(Snapshots, AreRememberedAfterARestart) {
  SnapshotWorld world;
  world.give_orders(24);
  world.pass(1'000);
  const std::uint64_t part = world.newest_is_right();
  world.restart();
  world.open("b1");
  EXPECT_EQ(world.leases.back().begins, part);
  world.pass(1'000);
  EXPECT_EQ(world.count(RecordKind::kSnapshot), 1U);
}

// --- Control begins with the newest one ---

// Two worlds with the same orders; one of them reads its whole log at each start.
TEST(LogStart, BehindASnapshotControlKnowsWhatItKnewBefore) {
  SnapshotWorld world;
  world.give_orders(40);
  world.pass(1'000);
  const std::uint64_t part = world.newest_is_right();
  world.give_orders(3);
  const auto kills = world.core->ledger().latches().size();
  const auto before = world.core->ledger().head();
  const auto life = world.core->ledger().latches().life(*schemas::Scope::parse("acme/prod/x0"));
  ASSERT_NE(life, 0U);
  world.restart();
  const Ledger& ledger = world.core->ledger();
  EXPECT_TRUE(ledger.contains(before));
  EXPECT_FALSE(ledger.contains({1, 3, world.stream[2].hash})) << "it was not read";
  EXPECT_EQ(ledger.latches().size(), kills);
  EXPECT_EQ(ledger.latches().life(*schemas::Scope::parse("acme/prod/x0")), life);
  EXPECT_EQ(ledger.joined().size(), 1U);
  EXPECT_EQ(ledger.begins(), part);
  world.open("b1");
  EXPECT_TRUE(world.was_granted("b1"));
  world.resume("acme/prod/x1", "r1");
  EXPECT_EQ(ledger.latches().size(), kills - 1);
  EXPECT_GT(ledger.latches().life(*schemas::Scope::parse("acme/prod/x1")), life);
}

TEST(LogStart, ABridgeThatIsFurtherBehindIsNoAlarmAndGrantedNothing) {
  SnapshotWorld world;
  world.give_orders(40);
  world.pass(1'000);
  world.restart();
  schemas::BridgeBeat behind;
  behind.bridge = "b2";
  behind.state = schemas::BridgeState::kJoining;
  behind.applied = {1, 3, world.stream[2].hash};
  world.beat(behind);
  EXPECT_FALSE(world.was_granted("b2"));
  EXPECT_FALSE(world.alarmed("bridge-log-differs"));
  behind.applied.seq = world.stream.size() - 1;
  world.beat(behind);
  EXPECT_TRUE(world.alarmed("bridge-log-differs"));
}

TEST(LogStart, OpIdsFromBeforeTheSnapshotAreStillUsed) {
  SnapshotWorld world;
  world.give_orders(40);
  world.pass(1'000);
  world.restart();
  world.open("b1");
  EXPECT_EQ(world.error(world.kill("acme/prod/x0", "k0")), "log-conflict") << "lifted";
  const auto again = world.kill("acme/prod/x1", "k1");
  EXPECT_EQ(world.stage(again, "accepted")["op_id"], "k1") << "it holds";
  EXPECT_NE(world.stage(again, "durable"), Json());
  EXPECT_EQ(world.count_committed("k1"), 1U);
  const auto other = world.kill("acme/prod/y", "k0");
  EXPECT_NE(world.stage(other, "accepted")["op_id"], "k0");
}

// What stands before the snapshot is not read again, so a stream that lost that begins behind it.
TEST(LogStart, AStreamThatWasLostBeginsWithTheSnapshot) {
  for (const bool is_all_lost : {true, false}) {
    SCOPED_TRACE(is_all_lost);
    SnapshotWorld world;
    world.give_orders(40);
    world.pass(1'000);
    const std::uint64_t part = world.newest_is_right();
    world.give_orders(3);
    const auto whole = world.stream;
    world.stream.resize(is_all_lost ? 0 : part - 3);
    world.restart();
    world.open("b1");
    EXPECT_TRUE(world.stops.empty());
    EXPECT_EQ(world.stream_first, part);
    ASSERT_GT(world.stream.size(), whole.size());
    for (std::size_t i = part - 1; i < whole.size(); ++i) {
      EXPECT_EQ(world.stream[i].hash, whole[i].hash) << i;
    }
    EXPECT_EQ(world.leases.back().begins, part);
    world.restart();
    world.open("b1");
    EXPECT_TRUE(world.was_granted("b1"));
  }
}

// What is there may be another's: nothing of it is touched.
TEST(LogStart, AStreamThatIsNotOursIsLeftAsItIs_H29) {
  SnapshotWorld world;
  world.give_orders(40);
  world.pass(1'000);
  const std::uint64_t part = world.newest_is_right();
  world.stream.resize(part - 3);
  const auto stranger = schemas::SigningKey::generate(schemas::KeyRole::kAccount);
  world.stream.back() = schemas::sign_record(world.stream.back().record, stranger).value();
  const std::size_t before = world.stream.size();
  world.restart();
  ASSERT_EQ(world.stops.size(), 1U);
  EXPECT_NE(world.stops[0].find("it is another's"), std::string::npos) << world.stops[0];
  EXPECT_EQ(world.stream.size(), before);
}

TEST(LogStart, AStreamThatOnlyLacksTheNewestRecordsGetsThemAgain) {
  SnapshotWorld world;
  world.give_orders(40);
  world.pass(1'000);
  world.give_orders(3);
  const auto whole = world.stream;
  world.stream.resize(whole.size() - 2);
  world.restart();
  EXPECT_EQ(world.stream_first, 1U);
  EXPECT_EQ(world.stream[whole.size() - 1].hash, whole.back().hash);
}

TEST(LogStart, AnEmptyRecorderBeginsWithTheSnapshotOfTheStream) {
  SnapshotWorld world;
  world.write_two();
  const auto kills = world.core->ledger().latches().size();
  ASSERT_GT(world.stream_first, 1U);
  world.stored.clear();
  world.restart();
  EXPECT_TRUE(world.stops.empty());
  EXPECT_EQ(world.core->ledger().latches().size(), kills);
  world.open("b1");
  EXPECT_TRUE(world.was_granted("b1"));
  world.restart();
  EXPECT_EQ(world.core->ledger().latches().size(), kills) << "from the recorder now";
}

TEST(LogStart, AnEmptyRecorderAndAStreamThatLostItsSnapshotIsTheEnd) {
  SnapshotWorld world;
  world.write_two();
  world.stored.clear();
  ++world.stream_first;
  world.restart();
  ASSERT_EQ(world.stops.size(), 1U);
  EXPECT_NE(world.stops[0].find("which no whole snapshot begins with"), std::string::npos);
}

// --- What stands before the snapshot before the newest one ---

TEST(Purge, WaitsUntilEveryJoinedBridgeHasAppliedTheNewestSnapshot) {
  SnapshotWorld world;
  world.write_one();
  const std::uint64_t first = world.newest_is_right();
  world.pass(1'000);
  EXPECT_EQ(world.stream_first, 1U) << "one alone is not enough";
  world.write_one();
  world.pass(1'000);
  EXPECT_EQ(world.stream_first, 1U) << "the bridge has not said that it has applied it";
  world.beat("b1", schemas::BridgeState::kOpen);
  world.pass(kTick_ms);
  EXPECT_EQ(world.stream_first, first);
  EXPECT_FALSE(world.core->ledger().contains({1, 3, world.stream[2].hash}));
  world.restart();
  world.open("b1");
  EXPECT_TRUE(world.stops.empty());
  EXPECT_TRUE(world.was_granted("b1"));
}

TEST(Purge, ThatTheStreamRefusesIsAnAlarmAndNothingElse) {
  SnapshotWorld world;
  world.stream_purges = false;
  world.write_two();
  EXPECT_TRUE(world.alarmed("log-not-cut"));
  EXPECT_EQ(std::count(world.performed.begin(), world.performed.end(), "purge"), 1);
  world.beat("b1", schemas::BridgeState::kOpen);
  EXPECT_TRUE(world.was_granted("b1"));
}

TEST(LogStart, ASnapshotThatCannotBeUsedEndsControl) {
  SnapshotWorld world;
  world.give_orders(40);
  world.pass(1'000);
  for (auto& one : world.stored) {
    if (auto* part = std::get_if<schemas::SnapshotPart>(&one.record.body)) part->entries += "x";
  }
  world.restart();
  ASSERT_EQ(world.stops.size(), 1U);
  EXPECT_NE(world.stops[0].find("cannot be used"), std::string::npos) << world.stops[0];
}

TEST(Snapshots, AreNotSignedIfWhatActsIsNotWhatTheLogSays) {
  SnapshotWorld world;
  world.give_orders(1);
  world.kill("acme/prod/y", "k-y");
  world.pass(1'000);
  const auto& stream = world.stream;
  const struct {
    const char* what;
    bool (*leaves_out)(const schemas::Record& record);
  } rows[] = {
      {"nothing", [](const schemas::Record&) { return false; }},
      {"a kill", [](const schemas::Record& r) { return r.op_id == "k-y"; }},
      {"a resume", [](const schemas::Record& r) { return r.op_id == "r0"; }},
      {"a bridge", [](const schemas::Record& r) { return r.is<schemas::BridgeJoined>(); }},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    Snapshots snapshots(16);
    Latches latches;
    JoinedBridges joined;
    for (const auto& one : stream) {
      snapshots.entered(one);
      if (row.leaves_out(one.record)) continue;
      if (one.record.is<schemas::Kill>()) latches.kill(one, 0);
      if (one.record.is<schemas::Resume>()) latches.resume(one.record.resume());
      enter_bridge(one.record, joined);
    }
    EXPECT_EQ(snapshots.difference(latches, joined).empty(), std::string(row.what) == "nothing");
  }
}

}  // namespace
}  // namespace estop::control
