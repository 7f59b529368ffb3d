// SPDX-License-Identifier: Apache-2.0

// What was answered is there, whatever happens to the process.
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "tests/unit/recorder/recorder_fixture.h"

namespace estop::control {
namespace {

class DurabilityTest : public RecorderTest {
 protected:
  // A child process that writes audit lines and kills without end and reports each answered number;
  // killed after `answers`. Returns the highest number that was answered.
  std::uint64_t killed_after(std::uint64_t answers);

 private:
  [[noreturn]] void write_forever(int report);
};

void DurabilityTest::write_forever(int report) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  Recorder& recorder = open();
  const auto tell = [report](schemas::Result<std::uint64_t> number) {
    if (!number || ::write(report, &*number, sizeof *number) != sizeof *number) ::_exit(1);
  };
  for (std::uint64_t n = 0;; ++n) {
    while (recorder.stats().queued > 2'000) ::sched_yield();
    recorder.audit(line(std::to_string(n)), n % 100 == 0 ? Urgency::kFirst : Urgency::kGroup, tell);
  }
}

std::uint64_t DurabilityTest::killed_after(std::uint64_t answers) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    write_forever(ends[1]);
  }
  ::close(ends[1]);
  std::uint64_t highest = 0;
  std::uint64_t number = 0;
  for (std::uint64_t seen = 1; ::read(ends[0], &number, sizeof number) == sizeof number; ++seen) {
    highest = std::max(highest, number);
    if (seen == answers) ::kill(child, SIGKILL);
  }
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return highest;
}

TEST_F(DurabilityTest, WhatWasAnsweredIsThereAfterAKillMinusNineAtAnyMoment) {  // H48, I8
  std::mt19937 random(testing::UnitTest::GetInstance()->random_seed());
  std::uniform_int_distribution<std::uint64_t> answers(1, 100);
  for (int round = 0; round < 100; ++round) {
    const std::uint64_t answered = killed_after(answers(random));
    open();
    EXPECT_GE(recorder_->stats().audit_head, answered);
    const auto verdict = verify();
    EXPECT_TRUE(verdict.ok) << verdict.problem;
    EXPECT_TRUE(lines({.kind = "anchor-missing"}).empty());
    close();
  }
}

TEST_F(DurabilityTest, AReopenKeepsEverything) {
  open();
  write_lines(1'000);
  ASSERT_TRUE(append(kill_after({}, "kill-1"), Urgency::kFirst, line("{}", "kill")));
  const auto before = lines();
  reopen();
  EXPECT_EQ(lines(), before);
  EXPECT_EQ(recorder_->load_log()->records.size(), 1U);
  EXPECT_EQ(*write_line("next"), 1'002U);
}

TEST_F(DurabilityTest, ASecondRecorderOnTheFolderIsRefused) {
  open();
  const std::string detail = open_refused();
  EXPECT_NE(detail.find(fmt::format("in use by another control (process {})", ::getpid())),
            std::string::npos)
      << detail;
  close();
  open();
}

TEST_F(DurabilityTest, TheFolderIsMadeForItsOwnerOnly) {
  std::filesystem::remove_all(folder_);
  folder_ += "/deep/er";
  open();
  write_lines(1);
  struct stat info {};
  ASSERT_EQ(::stat(folder_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  for (const char* name : {"estop.db", "estop.db-wal", "audit.anchor", "lock"}) {
    ASSERT_EQ(::stat(path(name).c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_mode & 0777U, 0600U) << name;
  }
  close();
  std::filesystem::remove_all(std::filesystem::path(folder_).parent_path().parent_path());
}

TEST_F(DurabilityTest, TheWriteAheadLogDoesNotGrowForEver) {
  open();
  for (int round = 0; round < 20; ++round) {
    schemas::StoreRequest put{schemas::StoreOp::kPut, "big", static_cast<std::uint64_t>(round), 0,
                              std::string(schemas::kCheckpointMax_bytes, 'x')};
    ASSERT_EQ(ask(put).code, schemas::Errc::kOk);
  }
  EXPECT_LT(std::filesystem::file_size(path("estop.db-wal")), 14U * 1024 * 1024);
}

TEST_F(DurabilityTest, BadOptionsAreRefused) {
  for (const auto& change : std::vector<std::function<void(RecorderOptions&)>>{
           [](auto& o) { o.folder.clear(); }, [](auto& o) { o.group_max = 0; },
           [](auto& o) { o.queue_max = 0; }, [](auto& o) { o.retry_ms = 0; }}) {
    auto wrong = options();
    change(wrong);
    EXPECT_EQ(Recorder::open(wrong).error().code, schemas::Errc::kBadArgument);
  }
}

}  // namespace
}  // namespace estop::control
