// SPDX-License-Identifier: Apache-2.0

// The audit's beginning moves: what was exported is cut away, and the chain goes on from there.
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "control/recorder/audit_cut.h"
#include "control/recorder/audit_hash.h"
#include "schemas/signing.h"
#include "tests/unit/recorder/recorder_fixture.h"

namespace estop::control {
namespace {

namespace fs = std::filesystem;
using schemas::Errc;
using schemas::Hash;

constexpr Hash kHash{7};
const AuditCut kNothing;
const AuditCut kCutAt50{.through = 50,
                        .hash = {5},
                        .lines = 20,
                        .kept_at = "second",
                        .reason = "full",
                        .earlier = {{30, "first"}},
                        .number = 60,
                        .actor = "alice",
                        .at_ms = 1};

struct DecisionCase {
  const char* name;
  CutRequest request;
  AuditCut now;
  std::uint64_t head;
  std::optional<Hash> stored;
  Errc code;
};

TEST(DecideCut, WhatDoesNotFitIsRefused) {
  const CutRequest good{0, 70, kHash, "file", "full", "alice", 2};
  const auto with = [&](auto change) {
    CutRequest request = good;
    change(request);
    return request;
  };
  const CutRequest again{30, 50, {5}, "second", "full", "alice", 9};
  const DecisionCase cases[] = {
      {"from the first line on", good, kNothing, 100, kHash, Errc::kOk},
      {"all there is", good, kNothing, 70, kHash, Errc::kOk},
      {"behind the cut before", good, kCutAt50, 100, kHash, Errc::kOk},
      {"an export that overlaps", with([](auto& r) { r.after = 50; }), kCutAt50, 100, kHash,
       Errc::kOk},
      {"once more", again, kCutAt50, 100, std::nullopt, Errc::kOk},
      {"once more, kept elsewhere", with([&](auto& r) { r = again, r.kept_at = "b"; }), kCutAt50,
       100, std::nullopt, Errc::kLogConflict},
      {"nothing", with([](auto& r) { r.through = 0; }), kNothing, 100, kHash, Errc::kBadArgument},
      {"nowhere", with([](auto& r) { r.kept_at.clear(); }), kNothing, 100, kHash,
       Errc::kBadArgument},
      {"at too long a place", with([](auto& r) { r.kept_at.assign(513, 'x'); }), kNothing, 100,
       kHash, Errc::kBadArgument},
      {"gone before", with([](auto& r) { r.through = 50; }), kCutAt50, 100, kHash,
       Errc::kLogConflict},
      {"behind the end", good, kNothing, 69, std::nullopt, Errc::kNotFound},
      {"an export with a gap", with([](auto& r) { r.after = 51; }), kCutAt50, 100, kHash,
       Errc::kBadArgument},
      {"of another audit", good, kNothing, 100, Hash{8}, Errc::kLogConflict},
  };
  for (const DecisionCase& each : cases) {
    const auto cut = decide_cut(each.request, each.now, each.head, each.stored);
    EXPECT_EQ(cut ? Errc::kOk : cut.error().code, each.code) << each.name;
  }
}

TEST(DecideCut, NamesTheExportsBefore) {
  const auto cut = decide_cut({50, 70, kHash, "third", "full", "bob", 2}, kCutAt50, 100, kHash);
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->lines, 20U);
  EXPECT_EQ(cut->earlier, (std::vector<AuditExport>{{50, "second"}, {30, "first"}}));
  EXPECT_EQ(export_of(*cut, 1), "first");
  EXPECT_EQ(export_of(*cut, 30), "first");
  EXPECT_EQ(export_of(*cut, 31), "second");
  EXPECT_EQ(export_of(*cut, 70), "third");
  EXPECT_EQ(export_of(*cut, 71), "");
}

TEST(DecideCut, OnlySoManyExportsAreNamed) {
  AuditCut now;
  for (std::uint64_t n = 1; n <= 3 * kEarlierCutsMax; ++n) {
    now = *decide_cut({n - 1, n, kHash, std::to_string(n), "", "a", 0}, now, n, kHash);
    now.number = n + 1;
  }
  EXPECT_EQ(now.earlier.size(), kEarlierCutsMax);
  EXPECT_EQ(export_of(now, 1), std::to_string(2 * kEarlierCutsMax));
  const AuditRow row{now.number, cut_line(now), {}, {}};
  EXPECT_EQ(read_cut_line(row), now);
  EXPECT_LT(text_bytes(row.entry), kAuditLineMax_bytes);
}

TEST(CutLine, WhatSaysNothingOfABeginningIsNone) {
  AuditRow row{60, cut_line(kCutAt50), {}, {}};
  ASSERT_EQ(read_cut_line(row), kCutAt50);
  row.number = 50;  // a cut takes older lines only
  EXPECT_FALSE(read_cut_line(row));
  row.number = 60;
  for (const char* detail : {"", "7", "[]", "{}", R"({"through":3})", R"({"through":"3"})"}) {
    row.entry.detail = detail;
    EXPECT_FALSE(read_cut_line(row)) << detail;
  }
}

class CutTest : public RecorderTest {
 protected:
  schemas::Result<AuditCut> cut(std::uint64_t through, const std::string& kept_at = "export-1") {
    CutRequest request{0, through, {}, kept_at, "the disk is small", "alice", 5};
    const auto rows = lines({.after = through - 1, .limit = 1});
    if (!rows.empty()) request.hash = rows.front().hash;
    return await<schemas::Result<AuditCut>>(
        [&](auto done) { recorder_->cut_audit(request, std::move(done)); });
  }
  AuditCut beginning() { return audit_beginning(*recorder_); }
  std::int64_t rows_in_file() { return raw().execAndGet("SELECT count(*) FROM audit").getInt64(); }
  bool is_swept_to(std::int64_t rows) {
    return eventually([&] { return rows_in_file() == rows; });
  }
  std::uint64_t first() { return lines().front().number; }
  // A child process that writes lines and cuts most of them, without end. It reports before and
  // behind each cut, and is killed after so many reports.
  void killed_after(int reports);

 private:
  [[noreturn]] void cut_forever(int report);
};

TEST_F(CutTest, LeavesTheRestWholeAndALineThatSaysWhereItBegins) {
  open();
  write_lines(20);
  const auto before = lines();
  const auto done = cut(12);
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(done->number, 21U);
  EXPECT_EQ(done->lines, 12U);
  for (int life = 0; life < 2; ++life, reopen()) {
    const auto verdict = verify();
    EXPECT_TRUE(verdict.ok) << verdict.problem;
    EXPECT_EQ(verdict.rows, 9U);
    EXPECT_EQ(verdict.beginning, *done);
    EXPECT_EQ(beginning(), *done);
    const auto rest = lines();
    ASSERT_EQ(rest.size(), 9U);
    EXPECT_EQ(rest.front().prev, before[11].hash);  // export and rest are one chain
    EXPECT_EQ(rest.front(), before[12]);
    EXPECT_EQ(rest.back().entry, cut_line(*done));
    EXPECT_TRUE(is_swept_to(9));
  }
  EXPECT_EQ(lines({.limit = 50, .newest_first = true}).size(), 9U);
  EXPECT_EQ(*write_line("next"), 22U);
}

TEST_F(CutTest, CanTakeAllThereIsAndIsTakenBySomeLaterCut) {
  open();
  write_lines(5);
  ASSERT_TRUE(cut(5));
  EXPECT_EQ(first(), 6U);
  write_lines(4);
  const auto second = cut(8, "export-2");
  ASSERT_TRUE(second) << second.error().detail;
  EXPECT_EQ(second->earlier, (std::vector<AuditExport>{{5, "export-1"}}));
  reopen();
  EXPECT_EQ(first(), 9U);
  EXPECT_TRUE(verify().ok);
  EXPECT_EQ(beginning().kept_at, "export-2");
}

TEST_F(CutTest, OnlyACutWritesItsLine) {
  open();
  const auto forged = await<schemas::Result<std::uint64_t>>([&](auto done) {
    recorder_->audit(line("{}", "audit-cut"), Urgency::kGroup, std::move(done));
  });
  EXPECT_EQ(forged.error().code, Errc::kBadArgument);
  write_lines(3);
  EXPECT_EQ(cut(4).error().code, Errc::kNotFound);
  EXPECT_TRUE(verify().ok);
}

TEST_F(CutTest, LargeOnesGoInPartsAlsoAcrossARestart) {
  open();
  write_lines(7'500);
  ASSERT_TRUE(cut(7'000));
  reopen();
  EXPECT_TRUE(verify().ok);
  EXPECT_EQ(first(), 7'001U);
  EXPECT_TRUE(is_swept_to(501));
  EXPECT_TRUE(verify().ok);
}

TEST_F(CutTest, ALookAtTheChainMeanwhileFindsItWhole) {
  open();
  write_lines(12'000);
  auto verdict = std::make_shared<std::promise<schemas::Result<AuditVerdict>>>();
  auto told = verdict->get_future();
  recorder_->verify_audit([verdict](auto found) { verdict->set_value(std::move(found)); });
  ASSERT_TRUE(cut(11'990));
  ASSERT_EQ(told.wait_for(kDeadline), std::future_status::ready);
  const auto found = told.get();
  EXPECT_TRUE(found->ok) << found->problem;
}

TEST_F(CutTest, AnAnchorOfBeforeIsNoDamage) {
  open();
  write_lines(9);
  close();
  fs::copy_file(path("audit.anchor"), path("kept.anchor"));
  open();
  write_lines(5);
  ASSERT_TRUE(cut(12));
  ASSERT_TRUE(is_swept_to(3));
  close();
  fs::rename(path("kept.anchor"), path("audit.anchor"));
  open();
  EXPECT_TRUE(verify().ok);
  EXPECT_TRUE(lines({.kind = "anchor-missing"}).empty());
}

struct TamperCase {
  const char* sql;
  std::uint64_t first_bad;
  const char* problem;
};

TEST_F(CutTest, APartThatIsMissingWithoutItsLineIsDamage) {  // H48
  constexpr const char* kDropTriggers =
      "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; DROP TRIGGER audit_no_gap;";
  const TamperCase cases[] = {
      {"DELETE FROM audit WHERE number = 13", 13, "missing"},
      {"DELETE FROM audit WHERE number = 21", 13, "what was cut away"},
      {"UPDATE audit SET detail = replace(detail, ':12', ':14') WHERE number = 21", 13,
       "what was cut away"},
      {"UPDATE audit SET detail = 'x' WHERE number = 21", 13, "what was cut away"},
      {"UPDATE audit SET subject = '14' WHERE number = 21", 13, "what was cut away"},
      {"UPDATE audit SET kind = 'note' WHERE number = 21", 13, "what was cut away"},
      {"UPDATE audit SET hash = zeroblob(32) WHERE number = 13", 13, "changed"},
      {"UPDATE audit SET prev = zeroblob(32) WHERE number = 13", 13, "does not follow"},
  };
  for (const TamperCase& each : cases) {
    open();
    write_lines(20);
    ASSERT_TRUE(cut(12));
    ASSERT_TRUE(is_swept_to(9));
    ASSERT_TRUE(write_line("the anchor follows", Urgency::kFirst));
    raw(std::string(kDropTriggers) + each.sql);
    const auto verdict = verify();
    EXPECT_FALSE(verdict.ok) << each.sql;
    EXPECT_EQ(verdict.first_bad, each.first_bad) << each.sql << ": " << verdict.problem;
    EXPECT_NE(verdict.problem.find(each.problem), std::string::npos) << verdict.problem;
    close();
    EXPECT_NE(open_refused().find("damaged"), std::string::npos) << each.sql;
    fs::remove_all(folder_);
  }
}

// Whoever makes the line by hand needs the hash of what is gone.
TEST_F(CutTest, AWrongHashInTheLineFails) {
  open();
  write_lines(20);
  const auto rows = lines();
  close();
  AuditCut forged = kCutAt50;
  forged.through = 12;
  forged.number = 21;
  AuditRow row{21, cut_line(forged), rows.back().hash, {}};
  row.hash = audit_hash(row);
  raw(fmt::format(
      "INSERT INTO audit VALUES (21, {}, 'audit-cut', 'alice', '12', '', '{}', x'{}', "
      "x'{}'); DELETE FROM audit WHERE number <= 12",
      row.entry.at_ms, row.entry.detail, schemas::hex(row.prev), schemas::hex(row.hash)));
  EXPECT_NE(open_refused().find("row 13 does not follow"), std::string::npos);
}

TEST_F(CutTest, TheDatabaseLetsNothingElseGo) {
  open();
  write_lines(20);
  auto foreign = raw();
  EXPECT_THROW(foreign.exec("DELETE FROM audit WHERE number = 1"), SQLite::Exception);
  ASSERT_TRUE(cut(12));
  ASSERT_TRUE(is_swept_to(9));
  EXPECT_THROW(foreign.exec("DELETE FROM audit WHERE number = 13"), SQLite::Exception);
  EXPECT_THROW(foreign.exec("DELETE FROM audit"), SQLite::Exception);
  EXPECT_EQ(rows_in_file(), 9);
}

void CutTest::cut_forever(int report) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  open();
  for (std::uint64_t n = 0;; ++n) {
    write_lines(2'500);
    const std::uint64_t newest = lines({.limit = 1, .newest_first = true}).front().number;
    for (const bool is_over : {false, true}) {
      if (is_over) (void)cut(newest - 100, std::to_string(n));
      if (::write(report, &is_over, sizeof is_over) != sizeof is_over) ::_exit(1);
    }
  }
}

void CutTest::killed_after(int reports) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) cut_forever(ends[1]);
  ::close(ends[1]);
  bool is_over = false;
  for (int seen = 1; ::read(ends[0], &is_over, sizeof is_over) == sizeof is_over; ++seen) {
    if (seen == reports) ::kill(child, SIGKILL);
  }
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
}

TEST_F(CutTest, AfterAKillMinusNineItBeginsWhereItDidOrWhereTheCutSays) {  // H48, I8
  std::mt19937 random(testing::UnitTest::GetInstance()->random_seed());
  std::uniform_int_distribution<int> reports(1, 6);
  std::uint64_t cuts = 0;
  for (int round = 0; round < 15; ++round) {
    ASSERT_NO_FATAL_FAILURE(killed_after(reports(random)));
    open();
    const auto verdict = verify();
    EXPECT_TRUE(verdict.ok) << verdict.problem;
    EXPECT_EQ(first(), verdict.beginning.through + 1);
    cuts += verdict.beginning.through != 0 ? 1 : 0;
    close();
  }
  EXPECT_GT(cuts, 0U) << "no cut was met";
}

}  // namespace
}  // namespace estop::control
