// SPDX-License-Identifier: Apache-2.0

// Changing or cutting what was recorded: refused where it can be, seen where it cannot (H48).
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "tests/unit/recorder/recorder_fixture.h"

namespace estop::control {
namespace {

constexpr const char* kDropTriggers =
    "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; DROP TRIGGER audit_no_gap;";

class TamperTest : public RecorderTest {
 protected:
  void copy_database(const std::string& from, const std::string& to) {
    std::filesystem::copy_file(path(from), path(to),
                               std::filesystem::copy_options::overwrite_existing);
  }
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(TamperTest, TriggersRefuseEveryChangeOfTheAuditAndTheLog) {
  open();
  write_lines(3);
  ASSERT_TRUE(append(kill_after({}, "kill-1")));
  auto foreign = raw();
  const std::string row = "(number, at_ms, kind, actor, subject, op_id, detail, prev, hash)";
  const std::string values = "0, 'k', 'a', 's', 'o', 'd'";
  const std::string good = "(SELECT hash FROM audit WHERE number = 3)";
  const std::string record = "(epoch, seq, term, kind, op_id, hash, frame)";
  for (const std::string& sql : {
           std::string("UPDATE audit SET detail = 'x' WHERE number = 2"),
           std::string("DELETE FROM audit WHERE number = 3"),
           "INSERT OR REPLACE INTO audit " + row + " VALUES (2, " + values + ", " + good +
               ", zeroblob(32))",
           "REPLACE INTO audit " + row + " VALUES (3, " + values + ", " + good + ", zeroblob(32))",
           "INSERT INTO audit " + row + " VALUES (5, " + values + ", " + good + ", zeroblob(32))",
           "INSERT INTO audit " + row + " VALUES (NULL, " + values + ", " + good +
               ", zeroblob(32))",
           "INSERT OR IGNORE INTO audit " + row + " VALUES (4, " + values +
               ", zeroblob(32), zeroblob(32))",
           std::string("UPDATE records SET op_id = 'x'"),
           std::string("DELETE FROM records"),
           "REPLACE INTO records " + record + " VALUES (1, 1, 1, 2, 'x', zeroblob(32), x'00')",
       }) {
    EXPECT_THROW(foreign.exec(sql), SQLite::Exception) << sql;
  }
  EXPECT_TRUE(verify().ok);
  EXPECT_EQ(lines().size(), 3U);
}

struct TamperCase {
  const char* sql;
  std::uint64_t first_bad;
  const char* problem;
};

TEST_F(TamperTest, VerifyNamesTheFirstRowThatDoesNotFit) {
  const TamperCase cases[] = {
      {"UPDATE audit SET detail = 'forged' WHERE number = 7", 7, "changed"},
      {"UPDATE audit SET at_ms = at_ms + 1 WHERE number = 1", 1, "changed"},
      {"UPDATE audit SET hash = zeroblob(32) WHERE number = 3", 3, "changed"},
      {"UPDATE audit SET prev = zeroblob(32) WHERE number = 4", 4, "does not follow"},
      {"DELETE FROM audit WHERE number = 5", 5, "missing"},
      {"DELETE FROM audit WHERE number >= 9", 9, "ends at row 8"},
      {"DELETE FROM audit", 1, "ends at row 0"},
      {"UPDATE audit SET number = 11 WHERE number = 10", 10, "anchor remembers"},
      {"UPDATE audit SET hash = zeroblob(32) WHERE number = 10", 10, "anchor remembers"},
  };
  for (const TamperCase& each : cases) {
    open();
    write_lines(9);
    ASSERT_TRUE(write_line("10", Urgency::kFirst));  // the anchor says 10
    raw(std::string(kDropTriggers) + each.sql);
    const auto verdict = verify();
    EXPECT_FALSE(verdict.ok) << each.sql;
    EXPECT_EQ(verdict.first_bad, each.first_bad) << each.sql << ": " << verdict.problem;
    EXPECT_TRUE(contains(verdict.problem, each.problem)) << each.sql << ": " << verdict.problem;
    close();
    std::filesystem::remove_all(folder_);
  }
}

TEST_F(TamperTest, AByteFlippedInTheFileIsFoundWithItsRow) {
  open();
  ASSERT_TRUE(write_line("row-one"));
  ASSERT_TRUE(write_line("row-two-of-many"));
  write_lines(2'000);
  close();
  std::fstream file(path("estop.db"), std::ios::in | std::ios::out | std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto at = bytes.find("row-two-of-many");
  ASSERT_NE(at, std::string::npos);
  file.seekp(static_cast<std::streamoff>(at)).put('R');
  file.close();
  open();  // the row is older than the tail that a start looks at
  const auto verdict = verify();
  EXPECT_EQ(verdict.first_bad, 2U) << verdict.problem;
}

TEST_F(TamperTest, AChangedRowAtTheEndIsRefusedAtOpen) {
  open();
  write_lines(10);
  close();
  raw(std::string(kDropTriggers) + "UPDATE audit SET actor = 'nobody' WHERE number = 6");
  EXPECT_TRUE(contains(open_refused(), "row 6 was changed"));
}

TEST_F(TamperTest, ADatabaseRestoredFromAnOlderCopyIsRefused) {
  open();
  write_lines(12);
  close();
  copy_database("estop.db", "old.db");
  open();
  write_lines(28);
  close();
  copy_database("old.db", "estop.db");
  const std::string detail = open_refused();
  EXPECT_TRUE(contains(detail, "ends at row 12, but the anchor says 40")) << detail;
}

TEST_F(TamperTest, AnotherHistoryOfTheSameLengthIsRefused) {
  open();
  ASSERT_TRUE(write_line("first life"));
  close();
  std::filesystem::rename(path("audit.anchor"), path("kept.anchor"));
  std::filesystem::remove(path("estop.db"));
  open();
  ASSERT_TRUE(write_line("second life"));
  close();
  std::filesystem::rename(path("kept.anchor"), path("audit.anchor"));
  EXPECT_TRUE(contains(open_refused(), "not the one that the anchor remembers"));
}

TEST_F(TamperTest, VerifySeesThatTheAnchorIsAhead) {
  open();
  write_lines(5);
  close();
  std::filesystem::copy_file(path("audit.anchor"), path("kept.anchor"));
  std::filesystem::remove(path("estop.db"));
  std::filesystem::remove(path("audit.anchor"));
  open();
  std::filesystem::rename(path("kept.anchor"), path("audit.anchor"));
  const auto verdict = verify();
  EXPECT_FALSE(verdict.ok);
  EXPECT_TRUE(contains(verdict.problem, "the anchor says 5")) << verdict.problem;
}

TEST_F(TamperTest, MovingTheAnchorAwayGoesOnRecord) {
  open();
  write_lines(2);
  close();
  std::filesystem::remove(path("audit.anchor"));
  open();
  ASSERT_EQ(lines().size(), 3U);
  EXPECT_EQ(lines()[2].entry.kind, "anchor-missing");
  EXPECT_TRUE(verify().ok);
}

TEST_F(TamperTest, AGarbledAnchorIsRefused) {
  open();
  write_lines(2);
  close();
  for (const std::string text : {"", "estop-anchor 1 2 abcd\n", "estop-anchor 9 2 00\n", "junk"}) {
    std::ofstream(path("audit.anchor")) << text;
    EXPECT_TRUE(contains(open_refused(), "is not the anchor")) << text;
  }
}

TEST_F(TamperTest, TheAnchorFollowsAKillAtOnce) {
  open();
  ASSERT_TRUE(write_line("kill", Urgency::kFirst));
  EXPECT_TRUE(eventually([&] {
    std::ifstream anchor(path("audit.anchor"));
    std::string name, version, number;
    return (anchor >> name >> version >> number) && number == "1";
  }));
}

TEST_F(TamperTest, AFileOfRandomBytesIsRefused) {
  std::minstd_rand random(42);
  std::string bytes(64 * 1024, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  std::ofstream(path("estop.db"), std::ios::binary) << bytes;
  EXPECT_TRUE(contains(open_refused(), "damaged"));
}

TEST_F(TamperTest, RandomBytesInTheMiddleAreRefused) {
  open();
  write_lines(1'000);
  close();
  std::fstream file(path("estop.db"), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(20 * 4096).write(std::string(8 * 4096, '\x5a').data(), 8 * 4096);
  file.close();
  EXPECT_TRUE(contains(open_refused(), "damaged"));
}

TEST_F(TamperTest, ASchemaOfANewerEstopIsRefused) {
  open();
  close();
  raw("PRAGMA user_version = 99");
  const std::string detail = open_refused();
  EXPECT_TRUE(contains(detail, "schema version 99")) << detail;
}

TEST_F(TamperTest, ADatabaseOfSomebodyElseIsRefused) {
  SQLite::Database(path("estop.db"), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec("CREATE TABLE cookies (id)");
  EXPECT_TRUE(contains(open_refused(), "not one of Estop"));
}

}  // namespace
}  // namespace estop::control
