// SPDX-License-Identifier: Apache-2.0

// What is committed, and when the log cannot be trusted. Hazards H26, H29; invariants I3, I4.
#include "broker-bridge/core/contact/follower.h"

#include <gtest/gtest.h>

#include "tests/unit/bridge/written_log.h"

namespace estop::bridge {
namespace {

using Kind = Progress::Kind;

class FollowerTest : public ::testing::Test {
 protected:
  // The numbers of the records that become ready.
  std::vector<std::uint64_t> follow(const schemas::Head& head) {
    std::vector<schemas::SignedRecord> ready;
    progress = follower.follow(head, ready);
    std::vector<std::uint64_t> numbers;
    for (const auto& record : ready) numbers.push_back(record.record.seq);
    return numbers;
  }
  void see_all() {
    for (const auto& record : log.records()) follower.saw(record);
  }
  using Numbers = std::vector<std::uint64_t>;

  WrittenLog log;
  Follower follower;
  Progress progress;
};

TEST_F(FollowerTest, NothingIsCommittedBeforeASignedHeadCoversIt) {
  log.kill("acme/prod/x", "k1");
  const auto head = log.head();
  log.resume("acme/prod/x", {"k1"});
  see_all();
  EXPECT_EQ(follow(head), (Numbers{1, 2}));
  EXPECT_EQ(follow(head), Numbers{});
  EXPECT_EQ(follow(log.head()), Numbers{3});
  EXPECT_EQ(progress.kind, Kind::kAtHead);
}

TEST_F(FollowerTest, H26_AMissingRecordIsAskedFor) {
  log.kill("acme/prod/x", "k1");
  log.kill("acme/prod/y", "k2");
  follower.saw(log.records()[0]);
  follower.saw(log.records()[2]);
  EXPECT_EQ(follow(log.head()), Numbers{});
  EXPECT_EQ(progress.kind, Kind::kBehind);
  EXPECT_EQ(progress.from, 1U);
  EXPECT_EQ(progress.to, 3U);
}

TEST_F(FollowerTest, AReplayAppliesInOrderAndEndsAtTheHead) {
  log.kill("acme/prod/x", "k1");
  follow(log.head());
  for (const auto& record : log.records()) EXPECT_TRUE(follower.replayed(record).value());
  std::vector<schemas::SignedRecord> ready;
  EXPECT_EQ(follower.again(ready).kind, Kind::kAtHead);
}

TEST_F(FollowerTest, AReplacedUncommittedRecordIsNoFork) {
  follower.saw(log.records()[0]);
  auto replaced = log.record(schemas::Kill{});
  replaced.actor.name = "deposed";
  follower.saw(schemas::sign_record(replaced, log.key()).value());
  follower.saw(log.kill("acme/prod/x", "k1"));
  EXPECT_EQ(follow(log.head()), (Numbers{1, 2}));
  EXPECT_EQ(progress.kind, Kind::kAtHead);
}

TEST_F(FollowerTest, I4_ALogThatGoesBackIsBroken) {
  log.kill("acme/prod/x", "k1");
  const auto old = log.head();
  log.kill("acme/prod/y", "k2");
  const auto current = log.head();
  struct Row {
    const char* what;
    schemas::Head head;
    Kind expected;
  };
  const Row rows[] = {{"the same", current, Kind::kAtHead},
                      {"a lower number", old, Kind::kBroken},
                      {"nothing at all", {}, Kind::kBroken},
                      {"another hash", {current.epoch, current.seq, {9}}, Kind::kBroken},
                      {"an older epoch", {current.epoch - 1, 99, {9}}, Kind::kBroken}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    follower = Follower{};
    see_all();
    follow(current);
    follow(row.head);
    EXPECT_EQ(progress.kind, row.expected) << progress.problem;
  }
}

TEST_F(FollowerTest, TheHeadItselfMayNotGoBackWhileARecordIsMissing) {
  log.kill("acme/prod/x", "k1");
  follow(log.head());
  follow({1, 1, {9}});
  EXPECT_EQ(progress.kind, Kind::kBroken);
}

TEST_F(FollowerTest, ARecordThatDoesNotFollowIsRefused) {
  struct Row {
    const char* what;
    void (*spoil)(schemas::Record&);
  };
  const Row rows[] = {{"another previous hash", [](schemas::Record& r) { r.prev = {9}; }},
                      {"a number left out", [](schemas::Record& r) { ++r.seq; }},
                      {"an older term", [](schemas::Record& r) { r.term = 0; }},
                      {"an older epoch",
                       [](schemas::Record& r) {
                         r.epoch = 0;
                         ++r.seq;
                       }},
                      {"a new epoch by a kill", [](schemas::Record& r) { r.epoch = 2; }}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    follower = Follower{};
    ASSERT_TRUE(follower.replayed(log.records()[0]).value());
    auto record = log.record(schemas::Kill{});
    row.spoil(record);
    const auto replayed = follower.replayed(schemas::sign_record(record, log.key()).value());
    EXPECT_TRUE(!replayed || !*replayed);
    EXPECT_EQ(follower.applied().seq, 1U);
  }
}

TEST_F(FollowerTest, ALogBeginsWithAnEpoch) {
  auto record = WrittenLog{}.records()[0].record;
  record.body = schemas::TermOpened{};
  EXPECT_FALSE(follower.replayed(schemas::sign_record(record, log.key()).value()));
}

TEST_F(FollowerTest, H29_ANewEpochIsFollowedOnlyIfItCarriesTheOldHead) {
  log.kill("acme/prod/x", "k1");
  see_all();
  follow(log.head());
  const auto before = follower;
  auto forgot = log.record(schemas::EpochOpened{});
  forgot.epoch = 2;
  forgot.seq = 1;
  forgot.prev = {};
  const auto stranger = schemas::sign_record(forgot, log.key()).value();
  follower.saw(stranger);
  follow(WrittenLog::head_of(stranger));
  EXPECT_EQ(progress.kind, Kind::kBehind);
  EXPECT_FALSE(follower.replayed(stranger)) << "the replay shows that it does not fit";

  follower = before;
  follower.saw(log.open_epoch());
  EXPECT_EQ(follow(log.head()), Numbers{1});
  EXPECT_EQ(progress.kind, Kind::kAtHead);
  EXPECT_EQ(follower.applied().epoch, 2U);
}

TEST_F(FollowerTest, ANewEpochIsReadFromItsBeginningAndKnownRecordsAreSkipped) {
  log.kill("acme/prod/x", "k1");
  see_all();
  follow(log.head());
  const auto opened = log.open_epoch();
  follow(log.head());
  EXPECT_EQ(progress.from, 1U);
  EXPECT_FALSE(follower.replayed(log.records()[1]).value());
  EXPECT_TRUE(follower.replayed(opened).value());
}

TEST_F(FollowerTest, ARememberedFloodIsBounded) {
  for (std::size_t i = 0; i < Follower::kPendingMax + 10; ++i) {
    follower.saw(log.add(log.record(schemas::TermOpened{})));
  }
  follow(log.head());
  EXPECT_EQ(progress.kind, Kind::kBehind);
}

}  // namespace
}  // namespace estop::bridge
