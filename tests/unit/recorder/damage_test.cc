// SPDX-License-Identifier: Apache-2.0

// Files that were cut or have a wrong bit: the recorder says so, or shows all that it answered.
// Never less without a word (H20, H42): the anchor outside the database knows where the audit ends.
#include <fmt/format.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "tests/unit/recorder/recorder_fixture.h"

namespace estop::control {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLines = 300;
constexpr int kTries = 60;  // of each kind of damage

class DamageTest : public RecorderTest {
 protected:
  // A history that ends in a kill, and a copy of the files beside it: as they are while the
  // recorder runs (most of it in the write-ahead log), or after it closed (all in the database).
  void write_history(bool closed);
  void restore();
  // Empty: nothing was lost, or it was noticed.
  std::string lost();
  void expect_nothing_lost(const std::string& file, bool cut);

  std::string kept_ = folder_ + "/kept";
  std::vector<AuditRow> rows_;
  std::minstd_rand random_{42};
};

void DamageTest::write_history(bool closed) {
  open();
  write_lines(kLines - 1);
  ASSERT_TRUE(append(kill_after({}, "kill-1"), Urgency::kFirst, line("{}", "kill")));
  const std::string wanted = fmt::format("estop-anchor 1 {} ", kLines);
  ASSERT_TRUE(eventually([&] {
    std::ifstream anchor(path("audit.anchor"));
    std::string text;
    return std::getline(anchor, text) && text.starts_with(wanted);
  }));
  rows_ = lines();
  ASSERT_EQ(rows_.size(), kLines);
  if (closed) close();
  fs::create_directory(kept_);
  for (const char* name : {"estop.db", "estop.db-wal", "audit.anchor"}) {
    if (fs::exists(path(name))) fs::copy_file(path(name), kept_ + "/" + name);
  }
  close();
}

void DamageTest::restore() {
  for (const auto& file : fs::directory_iterator(folder_)) {
    if (file.is_regular_file()) fs::remove(file);
  }
  for (const auto& file : fs::directory_iterator(kept_)) {
    fs::copy_file(file, folder_ / file.path().filename());
  }
}

std::string DamageTest::lost() {
  auto opened = Recorder::open(options());
  if (!opened) return {};  // said so at the start
  recorder_ = std::move(*opened);
  const bool ok = verify().ok;
  const auto found = ok ? lines() : std::vector<AuditRow>();
  const auto log = ok ? recorder_->load_log() : schemas::fail(schemas::Errc::kInternal);
  close();
  if (!ok) return {};  // says so when asked
  if (found != rows_) return fmt::format("{} of {} lines are left", found.size(), rows_.size());
  if (log && log->records.size() != 1) return "the kill is gone from the log";
  return {};
}

void DamageTest::expect_nothing_lost(const std::string& file, bool cut) {
  const auto size = fs::file_size(kept_ + "/" + file);
  std::uniform_int_distribution<std::uintmax_t> anywhere(0, size - 1);
  for (int round = 0; round < kTries; ++round) {
    restore();
    const auto at = anywhere(random_);
    if (cut) {
      fs::resize_file(path(file), at);
    } else {
      std::fstream bytes(path(file), std::ios::in | std::ios::out | std::ios::binary);
      const int before = bytes.seekg(static_cast<std::streamoff>(at)).get();
      bytes.seekp(static_cast<std::streamoff>(at))
          .put(static_cast<char>(before ^ (1 << round % 8)));
    }
    EXPECT_EQ(lost(), "") << (cut ? "cut at " : "a bit flipped at ") << at << " of " << size;
  }
}

TEST_F(DamageTest, ADatabaseThatWasCutIsNeverSilentlyShorter) {
  write_history(true);
  expect_nothing_lost("estop.db", true);
}

TEST_F(DamageTest, AFlippedBitInTheDatabaseIsSeenOrChangesNothing) {
  write_history(true);
  expect_nothing_lost("estop.db", false);
}

TEST_F(DamageTest, AWriteAheadLogThatWasCutIsNeverSilentlyShorter) {
  write_history(false);
  expect_nothing_lost("estop.db-wal", true);
}

TEST_F(DamageTest, AFlippedBitInTheWriteAheadLogIsSeenOrChangesNothing) {
  write_history(false);
  expect_nothing_lost("estop.db-wal", false);
}

TEST_F(DamageTest, ADamagedAnchorIsSeen) {
  write_history(true);
  expect_nothing_lost("audit.anchor", true);
  expect_nothing_lost("audit.anchor", false);
}

}  // namespace
}  // namespace estop::control
