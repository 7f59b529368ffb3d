// SPDX-License-Identifier: Apache-2.0

// The queue and its bounds: what overtakes what, what shares a commit, what is refused.
#include "control/recorder/queue.h"

#include <fmt/format.h>

#include "tests/unit/recorder/recorder_fixture.h"

namespace estop::control {
namespace {

using schemas::Errc;

using WorkQueueTest = testing::Test;
using GroupCommitTest = RecorderTest;

Work work_of(const std::string& detail) {
  return AddAudit{line(detail), nullptr, {}};
}

std::string detail_of(const Work& work) {
  return std::get<AddAudit>(work).entry.detail;
}

bool push(WorkQueue& queue, const std::string& detail, Urgency urgency = Urgency::kGroup) {
  Work work = work_of(detail);
  return queue.push(work, urgency);
}

WorkQueue::Batch take_now(WorkQueue& queue) {
  return queue.take(WorkQueue::Clock::now());
}

TEST(WorkQueueTest, KillsAreTakenFirstAndTogetherUpToTheBounds) {
  RecorderOptions options;
  options.group_max = 2;
  WorkQueue queue{options};
  ASSERT_TRUE(push(queue, "a") && push(queue, "b"));
  for (const char* kill : {"1", "2", "3"}) ASSERT_TRUE(push(queue, kill, Urgency::kFirst));
  for (const std::string expected : {"12", "3"}) {
    const auto batch = take_now(queue);
    EXPECT_TRUE(batch.urgent);
    std::string taken;
    for (const Work& work : batch.works) taken += detail_of(work);
    EXPECT_EQ(taken, expected);
  }
  EXPECT_EQ(take_now(queue).works.size(), 2U);
}

TEST(WorkQueueTest, AGroupKeepsItsOrderAndItsBounds) {
  RecorderOptions options;
  options.group_max = 3;
  WorkQueue queue{options};
  for (const char* name : {"a", "b", "c", "d"}) ASSERT_TRUE(push(queue, name));
  const auto first = take_now(queue);
  ASSERT_EQ(first.works.size(), 3U);
  EXPECT_EQ(detail_of(first.works[0]) + detail_of(first.works[2]), "ac");
  EXPECT_EQ(take_now(queue).works.size(), 1U);
}

TEST(WorkQueueTest, AGroupIsBoundedByItsBytesButTakesAtLeastOne) {
  RecorderOptions options;
  options.group_max_bytes = 10;
  WorkQueue queue{options};
  ASSERT_TRUE(push(queue, std::string(100, 'x')) && push(queue, "b"));
  EXPECT_EQ(take_now(queue).works.size(), 1U);
  EXPECT_EQ(take_now(queue).works.size(), 1U);
}

TEST(WorkQueueTest, BytesBoundTheQueueAsWell) {
  RecorderOptions options;
  options.queue_max_bytes = 64 * 1024;
  WorkQueue queue{options};
  EXPECT_FALSE(push(queue, std::string(64 * 1024, 'x')));
  EXPECT_TRUE(push(queue, std::string(64 * 1024, 'x'), Urgency::kFirst));
  EXPECT_TRUE(push(queue, "small"));
}

TEST(WorkQueueTest, WhatWasQueuedBeforeTheCloseIsStillTaken) {
  WorkQueue queue{RecorderOptions{}};
  ASSERT_TRUE(push(queue, "a"));
  queue.close();
  EXPECT_FALSE(push(queue, "late"));
  EXPECT_FALSE(push(queue, "late kill", Urgency::kFirst));
  EXPECT_FALSE(take_now(queue).closed);
  EXPECT_TRUE(take_now(queue).closed);
}

TEST_F(GroupCommitTest, AKillOvertakesAFullQueue) {  // H42
  open();
  std::vector<std::string> order;
  const auto note = [&order](std::string name) {
    return [&order, name](auto) { order.push_back(name); };
  };
  Hold hold(*recorder_);
  for (int n = 0; n < 1'000; ++n) recorder_->audit(line("x"), Urgency::kGroup, note("line"));
  recorder_->append_record(kill_after({}, "kill-1"), line("{}", "kill"), Urgency::kFirst,
                           note("kill"));
  hold.release();
  ASSERT_TRUE(write_line("last"));
  ASSERT_EQ(order.size(), 1'001U);
  EXPECT_EQ(order.front(), "kill");
  EXPECT_EQ(lines()[1].entry.kind, "kill");  // right after the line that held the thread
}

TEST_F(GroupCommitTest, NeighboursShareACommitAndSoDoKillsThatWait) {
  open();
  Hold hold(*recorder_);
  const std::uint64_t before = recorder_->stats().commits;
  for (int n = 0; n < 1'024; ++n) recorder_->audit(line("x"), Urgency::kGroup, nullptr);
  for (int n = 0; n < 3; ++n) recorder_->audit(line("x"), Urgency::kFirst, nullptr);
  hold.release();
  ASSERT_TRUE(eventually([&] { return recorder_->stats().rows >= 1'028; }));
  EXPECT_EQ(recorder_->stats().commits - before, 1'024U / 256 + 1);
}

TEST_F(GroupCommitTest, AFullQueueRefusesAtOnceButTakesKills) {
  auto few = options();
  few.queue_max = 10;
  recorder_ = std::move(*Recorder::open(few));
  Hold hold(*recorder_);
  for (int n = 0; n < 10; ++n) recorder_->audit(line("x"), Urgency::kGroup, nullptr);
  EXPECT_EQ(write_line("one too many").error().code, Errc::kStoreUnavailable);
  recorder_->audit(line("kill"), Urgency::kFirst, nullptr);
  EXPECT_EQ(recorder_->stats().queued, 11U);
  EXPECT_TRUE(recorder_->healthy());
  hold.release();
  ASSERT_TRUE(eventually([&] { return recorder_->stats().audit_head == 13; }));
  EXPECT_EQ(lines({.kind = "gap"}).size(), 1U);  // I8: what was refused is told
}

TEST_F(GroupCommitTest, TheDestructorCommitsAndAnswersWhatIsQueued) {
  open();
  int answers = 0;
  for (int n = 0; n < 500; ++n) {
    recorder_->audit(line("x"), Urgency::kGroup, [&](auto number) { answers += number ? 1 : 0; });
  }
  reopen();
  EXPECT_EQ(answers, 500);
  EXPECT_EQ(recorder_->stats().audit_head, 500U);
}

TEST_F(GroupCommitTest, AReadSeesWhatWasQueuedBeforeIt) {
  open();
  Hold hold(*recorder_);
  recorder_->audit(line("x"), Urgency::kGroup, nullptr);
  auto listed = std::async(std::launch::async, [&] { return lines(); });
  ASSERT_TRUE(eventually([&] { return recorder_->stats().queued == 2; }));
  hold.release();
  EXPECT_EQ(listed.get().size(), 2U);
}

TEST_F(GroupCommitTest, ALongVerifyLetsAKillThrough) {
  open();
  write_lines(20'000);
  std::vector<std::string> order;
  std::promise<void> verified;
  Hold hold(*recorder_);
  recorder_->verify_audit([&](auto) {
    order.push_back("verify");
    verified.set_value();
  });
  // Answered after the first slice of the verify: then a kill comes.
  recorder_->list_audit({.limit = 1}, [&](auto) {
    recorder_->audit(line("kill"), Urgency::kFirst, [&](auto) { order.push_back("kill"); });
  });
  hold.release();
  ASSERT_EQ(verified.get_future().wait_for(kDeadline), std::future_status::ready);
  EXPECT_EQ(order, (std::vector<std::string>{"kill", "verify"}));
}

}  // namespace
}  // namespace estop::control
