// SPDX-License-Identifier: Apache-2.0

// A disk that is full: kills are never forgotten, everything else is told, and it heals (H42).
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/recorder/recorder_fixture.h"

namespace estop::control {
namespace {

using schemas::Errc;

class FullDiskTest : public RecorderTest {
 protected:
  // A small file system of its own, in a mount namespace that ends with this process.
  bool mount_small_disk() {
    if (::unshare(CLONE_NEWNS) != 0) return false;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
    return ::mount("none", folder_.c_str(), "tmpfs", 0, "size=2m") == 0;
  }
  void fill_disk() {
    std::ofstream filler(path("filler"), std::ios::binary);
    const std::string block(1024, 'x');
    while (filler.write(block.data(), 1024).flush()) {
    }
  }
  void free_disk() { std::filesystem::remove(path("filler")); }
  bool healed() {
    return eventually([&] { return recorder_->healthy() && recorder_->stats().owed == 0; });
  }
};

TEST_F(FullDiskTest, KillsAreWrittenAsSoonAsThereIsSpaceAndTheGapIsTold) {
  if (!mount_small_disk()) GTEST_SKIP() << "mounting a small tmpfs needs root";
  open();
  write_lines(3);
  auto tail = std::make_shared<std::vector<std::string>>();  // read when the recorder is closed
  recorder_->follow_audit([tail](const std::vector<AuditRow>& rows) {
    for (const AuditRow& row : rows) tail->push_back(row.entry.kind);
  });
  fill_disk();
  EXPECT_EQ(write_line("lost").error().code, Errc::kStoreUnavailable);
  EXPECT_FALSE(recorder_->healthy());
  const auto kill = kill_after({}, "kill-1");
  const auto refused = append(kill, Urgency::kFirst, line("{}", "kill"));
  EXPECT_EQ(refused.error().code, Errc::kStoreUnavailable);
  EXPECT_EQ(recorder_->stats().owed, 1U);
  EXPECT_EQ(lines().size(), 3U);  // reads go on
  EXPECT_TRUE(recorder_->load_log()->records.empty());
  free_disk();
  ASSERT_TRUE(healed());
  EXPECT_EQ(recorder_->load_log()->records.size(), 1U);
  ASSERT_TRUE(eventually([&] { return lines().size() == 5; }));
  EXPECT_EQ(lines()[3].entry.kind, "kill");
  EXPECT_EQ(lines()[4].entry.kind, "gap");
  EXPECT_EQ(lines()[4].entry.detail.find("{\"lines\":1,"), 0U);
  EXPECT_TRUE(verify().ok);
  close();
  EXPECT_EQ(*tail, (std::vector<std::string>{"kill", "gap"}));
  open();
  EXPECT_EQ(lines().size(), 5U);
  close();
  ::umount(folder_.c_str());
}

TEST_F(FullDiskTest, ACutIsRefusedAndTheAuditBeginsWhereItDid) {
  if (!mount_small_disk()) GTEST_SKIP() << "mounting a small tmpfs needs root";
  open();
  write_lines(9);
  const auto cut = [&] {
    const CutRequest request{0, 5, lines()[4].hash, "export", "full", "alice", 1};
    return await<schemas::Result<AuditCut>>(
        [&](auto done) { recorder_->cut_audit(request, std::move(done)); });
  };
  fill_disk();
  const auto refused = cut();
  EXPECT_EQ(refused.error().code, Errc::kStoreUnavailable);
  EXPECT_NE(refused.error().detail.find("no space left"), std::string::npos);
  EXPECT_EQ(audit_beginning(*recorder_).through, 0U);
  EXPECT_EQ(lines().size(), 9U);
  free_disk();
  ASSERT_TRUE(healed());
  ASSERT_TRUE(eventually([&] { return lines().back().entry.kind == "gap"; }));
  EXPECT_EQ(cut()->number, 11U);
  EXPECT_EQ(lines().front().number, 6U);
  EXPECT_TRUE(verify().ok);
  close();
  ::umount(folder_.c_str());
}

TEST_F(FullDiskTest, ARecordIsNotWrittenBeforeTheOneBeforeIt) {  // H29: a log with a gap is no log
  if (!mount_small_disk()) GTEST_SKIP() << "mounting a small tmpfs needs root";
  retry_ms_ = 60'000;
  open();
  fill_disk();
  const auto first = kill_after({}, "kill-1");
  ASSERT_FALSE(append(first, Urgency::kFirst, line("{}", "first")));
  free_disk();
  ASSERT_TRUE(append(kill_after(first, "kill-2"), Urgency::kFirst, line("{}", "second")));
  EXPECT_EQ(recorder_->load_log()->records.size(), 2U);
  EXPECT_EQ(lines()[0].entry.kind, "first");
  EXPECT_EQ(lines()[1].entry.kind, "second");
  close();
  ::umount(folder_.c_str());
}

TEST_F(FullDiskTest, AnIdleRecorderFindsOutByItselfThatItCanWriteAgain) {
  if (!mount_small_disk()) GTEST_SKIP() << "mounting a small tmpfs needs root";
  open();
  fill_disk();
  schemas::StoreRequest put{schemas::StoreOp::kPut, "k", 0, 0, std::string(8'192, 'x')};
  EXPECT_EQ(ask(put).code, Errc::kStoreUnavailable);
  EXPECT_FALSE(recorder_->healthy());
  free_disk();
  EXPECT_TRUE(healed());
  EXPECT_EQ(ask(put).code, Errc::kOk);
  close();
  ::umount(folder_.c_str());
}

TEST_F(FullDiskTest, ARestartOnAFullDiskStillReads) {
  if (!mount_small_disk()) GTEST_SKIP() << "mounting a small tmpfs needs root";
  open();
  ASSERT_TRUE(append(kill_after({}, "kill-1")));
  close();
  std::ofstream(path("estop.db-shm")) << std::string(32'768, '\0');  // what the restart needs
  fill_disk();
  auto opened = Recorder::open(options());
  if (opened) {
    EXPECT_EQ((*opened)->load_log()->records.size(), 1U);
  } else {
    EXPECT_EQ(opened.error().code, Errc::kStoreUnavailable);
  }
  ::umount(folder_.c_str());
}

// The same without root: a limit on the size of files, in a child process. The exit code names the
// step that failed.
int write_below_a_file_limit(Recorder& recorder) {
  const auto write = [&](Urgency urgency) {
    return await<schemas::Result<std::uint64_t>>(
        [&](auto done) { recorder.audit(line(std::string(4'000, 'x')), urgency, done); });
  };
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit low{600'000, limit.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &low);
  std::uint64_t answered = 0;
  while (write(Urgency::kGroup)) ++answered;
  if (answered == 0 || recorder.healthy()) return 2;
  if (write(Urgency::kFirst)) return 3;
  if (recorder.stats().owed != 1) return 4;
  ::setrlimit(RLIMIT_FSIZE, &limit);
  if (!eventually([&] { return recorder.healthy() && recorder.stats().owed == 0; })) return 5;
  if (!eventually([&] { return recorder.stats().audit_head == answered + 2; })) return 6;
  const auto verdict =
      await<schemas::Result<AuditVerdict>>([&](auto done) { recorder.verify_audit(done); });
  return verdict->ok ? 0 : 7;
}

TEST_F(FullDiskTest, AFileThatMayNotGrowIsAFullDiskToo) {
  const pid_t child = ::fork();
  if (child == 0) {
    open();
    const int failed = write_below_a_file_limit(*recorder_);
    close();
    ::_exit(failed);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(FullDiskTest, AForeignWriterDelaysAndDoesNotBreak) {
  open();
  write_lines(1);
  auto foreign = raw("BEGIN IMMEDIATE");
  EXPECT_EQ(write_line("meanwhile").error().code, Errc::kStoreUnavailable);
  EXPECT_FALSE(write_line("kill", Urgency::kFirst));
  foreign.exec("ROLLBACK");
  ASSERT_TRUE(healed());
  EXPECT_TRUE(verify().ok);
  EXPECT_EQ(lines()[1].entry.detail, "kill");
}

TEST_F(FullDiskTest, AFolderThatCannotBeMadeIsNamed) {
  std::ofstream(path("file")) << "x";
  folder_ += "/file/below";
  EXPECT_NE(open_refused().find(folder_), std::string::npos);
  folder_ = std::filesystem::path(folder_).parent_path().parent_path();
}

}  // namespace
}  // namespace estop::control
