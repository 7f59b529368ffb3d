// SPDX-License-Identifier: Apache-2.0

// A folder whose log no control can open any more begins a new one, and nothing that is stopped
// goes.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "control/recorder/carry.h"
#include "control/recorder/migrations.h"
#include "control/recorder/statement.h"
#include "schemas/codec.h"
#include "schemas/former.h"
#include "tests/support/hex_file.h"
#include "tests/unit/recorder/recorder_fixture.h"

namespace estop::control {
namespace {

namespace fs = std::filesystem;
using schemas::Errc;
using schemas::RecordKind;
using schemas::SignedRecord;

class CarryTest : public RecorderTest {
 protected:
  // Two kills, of which the resume names one; a checkpoint, a begun effect, and some audit.
  void write_history() {
    open();
    const SignedRecord first = kill_after({}, "kill-1");
    const SignedRecord second = kill_after(first, "kill-2");
    ASSERT_TRUE(append(first, Urgency::kFirst, kill_line("kill-1")));
    ASSERT_TRUE(append(second, Urgency::kFirst, kill_line("kill-2")));
    ASSERT_TRUE(append(resume_after(second, {"kill-1"}), Urgency::kFirst, line("{}", "resume")));
    ASSERT_EQ(ask({schemas::StoreOp::kPut, "mails", 0, 0, "1,000 sent"}).code, Errc::kOk);
    ASSERT_EQ(ask({schemas::StoreOp::kEffectBegin, "mail-1001", 0, 0, ""}).code, Errc::kOk);
    close();
  }
  static AuditEntry kill_line(const std::string& op_id) {
    AuditEntry entry = line("{}", "kill");
    entry.op_id = op_id;
    return entry;
  }
  static SignedRecord resume_after(const SignedRecord& before, std::vector<std::string> lifts) {
    schemas::Record record = kill_after(before, "resume-1").record;
    record.body = schemas::Resume{.scope = record.scope()};
    record.resume().lifts = std::move(lifts);
    record.resume().incarnation = record.seq;
    return schemas::Result<SignedRecord>(schemas::sign_record(record, key())).value();
  }
  static const schemas::SigningKey& key() {
    static const auto key = schemas::SigningKey::generate(schemas::KeyRole::kUser);
    return key;
  }
  // A record that no reader takes, as the fourth of the log.
  void poison(RecordKind kind) {
    raw(
        fmt::format("INSERT INTO records (epoch, seq, term, kind, op_id, hash, frame) VALUES "
                    "(1, 4, 1, {}, 'poison', zeroblob(32), zeroblob(20000))",
                    static_cast<int>(kind)));
  }
  schemas::Result<Carried> carry(std::uint64_t now_ms = 7) {
    return control::carry({.from = folder_, .to = to_, .actor = "alice", .now_ms = now_ms}, key());
  }
  // The folder's files but for the lock: name and bytes.
  [[nodiscard]] std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      const std::string name = entry.path().filename().string();
      if (!entry.is_regular_file() || name == "lock") continue;
      std::ifstream file(entry.path(), std::ios::binary);
      found[name] = std::string(std::istreambuf_iterator<char>(file), {});
    }
    return found;
  }
  // The new folder, opened by a recorder.
  std::vector<SignedRecord> open_carried() {
    folder_ = to_;
    auto log = open().load_log();
    if (!log) ADD_FAILURE() << log.error();
    return log.value_or(StoredLog()).records;
  }

  std::string to_ = folder_ + "/new";
};

TEST_F(CarryTest, TheNewLogIsOpenedOnTheOldHeadAndHoldsEveryOrderSignedAnew) {
  ASSERT_NO_FATAL_FAILURE(write_history());
  const auto told = carry();
  ASSERT_TRUE(told) << told.error();
  const auto log = open_carried();
  ASSERT_EQ(log.size(), 4U);
  EXPECT_EQ(log[0].record.kind(), RecordKind::kEpochOpened);
  EXPECT_EQ(log[0].record.epoch, 2U);
  EXPECT_EQ(std::get<schemas::EpochOpened>(log[0].record.body).former, "1:3");
  EXPECT_EQ(log[1].record.op_id, "kill-1");
  EXPECT_EQ(log[2].record.op_id, "kill-2");
  EXPECT_EQ(log[3].record.resume().lifts, std::vector<std::string>{"kill-1"});
  EXPECT_EQ(log[3].record.resume().incarnation, 3U);
  for (const SignedRecord& one : log) EXPECT_TRUE(verify_record(one, key().public_key()));
}

// What version 1 of the protocol wrote: golden records of that time, in a database of that time.
class FormerFolder : public CarryTest {
 protected:
  void SetUp() override {
    fs::create_directories(folder_);
    SQLite::Database made(path("estop.db"), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    made.exec("PRAGMA journal_mode = WAL");
    made.exec(migrations()[0]);
    made.exec(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = 1", kApplicationId));
    SQLite::Statement insert(made,
                             "INSERT INTO records (epoch, seq, term, kind, op_id, hash, frame)"
                             " VALUES (?,?,?,?,?,?,?)");
    for (const char* name : {"record_bridge_joined", "record_kill", "record_resume"}) {
      const schemas::Bytes frame = golden::read_hex(ESTOP_FORMER_RECORDS, name);
      const SignedRecord one = schemas::open_former_record(frame).value();
      StatementUse(insert)
          .bind(one.record.epoch)
          .bind(one.record.seq)
          .bind(one.record.term)
          .bind(static_cast<std::uint64_t>(one.record.kind()))
          .bind_text(one.record.op_id)
          .bind_blob(one.hash)
          .bind_blob(one.frame)
          .run();
    }
  }
};

TEST_F(FormerFolder, IsRefusedUnchangedWithTheWayOut) {
  const auto before = files();
  EXPECT_NE(open_refused().find("estop carry OLD NEW"), std::string::npos);
  EXPECT_EQ(files(), before);
}

TEST_F(FormerFolder, IsCarriedWithItsOrders) {
  const auto told = carry();
  ASSERT_TRUE(told) << told.error();
  EXPECT_TRUE(told->kills.empty()) << "the resume lifts the one kill";
  const auto log = open_carried();
  ASSERT_EQ(log.size(), 3U);
  EXPECT_EQ(log[0].record.kind(), RecordKind::kEpochOpened);
  EXPECT_EQ(log[1].record.op_id, "op-7f3a");
  EXPECT_EQ(log[1].record.scope().text(), "acme/prod/email-campaign");
  EXPECT_EQ(log[1].record.kill().grace_ms, 10'000U);
  EXPECT_EQ(log[1].record.reason, "broken unsubscribe link");
  EXPECT_EQ(log[2].record.resume().lifts, std::vector<std::string>{"op-7f3a"});
  EXPECT_EQ(log[2].record.resume().incarnation, 1U);
}

TEST_F(CarryTest, WhatHoldsIsToldAndWorkAndAuditComeAlong) {
  ASSERT_NO_FATAL_FAILURE(write_history());
  const auto told = carry();
  ASSERT_TRUE(told) << told.error();
  ASSERT_EQ(told->kills.size(), 1U);
  EXPECT_EQ(told->kills[0].op_id, "kill-2");
  EXPECT_EQ(told->checkpoints, 1U);
  EXPECT_EQ(told->effects_begun, 1U);
  EXPECT_EQ(told->audit_rows, 4U);
  (void)open_carried();
  EXPECT_TRUE(verify().ok);
  EXPECT_EQ(lines().back().entry.kind, "carried");
  EXPECT_EQ(ask({schemas::StoreOp::kGet, "mails", 0, 0, ""}).bytes, "1,000 sent");
  EXPECT_EQ(ask({schemas::StoreOp::kEffectBegin, "mail-1001", 0, 0, ""}, "bbbbbbbb").code,
            Errc::kEffectAmbiguous);
}

TEST_F(CarryTest, AResumeThatNobodyCanReadIsLeftOutAndItsKillsHold) {  // H53
  ASSERT_NO_FATAL_FAILURE(write_history());
  poison(RecordKind::kResume);
  EXPECT_NE(open_refused(), "");
  const auto told = carry();
  ASSERT_TRUE(told) << told.error();
  EXPECT_EQ(told->dropped.size(), 1U);
  EXPECT_EQ(told->kills.size(), 1U);
  EXPECT_EQ(open_carried().size(), 4U);
}

TEST_F(CarryTest, AKillThatNobodyCanReadIsNeverLeftOut) {  // H53
  ASSERT_NO_FATAL_FAILURE(write_history());
  poison(RecordKind::kKill);
  const auto told = carry();
  ASSERT_FALSE(told);
  EXPECT_NE(told.error().detail.find("may be a stop"), std::string::npos) << told.error();
}

TEST_F(CarryTest, AKillThatCameIntoTheAuditAloneIsNamed) {
  ASSERT_NO_FATAL_FAILURE(write_history());
  open();
  const auto written = await<schemas::Result<std::uint64_t>>(
      [&](auto done) { recorder_->audit(kill_line("kill-3"), Urgency::kFirst, done); });
  ASSERT_TRUE(written);
  close();
  const auto told = carry();
  ASSERT_TRUE(told) << told.error();
  EXPECT_EQ(told->not_logged, std::vector<std::string>{"kill-3"});
}

// Its record went 30 days after it was lifted: only the audit knows it.
TEST_F(CarryTest, AKillWhoseRecordWentIsNotNamed) {
  ASSERT_NO_FATAL_FAILURE(write_history());
  open();
  const auto old = kill_line("kill-3");
  ASSERT_TRUE(await<schemas::Result<std::uint64_t>>(
      [&](auto done) { recorder_->audit(old, Urgency::kFirst, done); }));
  close();
  raw("UPDATE log_begins SET epoch = 1, seq = 1");
  const auto told = carry(old.at_ms + 31ULL * 24 * 3'600 * 1'000);
  ASSERT_TRUE(told) << told.error();
  EXPECT_TRUE(told->not_logged.empty());
  EXPECT_EQ(told->kills.size(), 1U);
}

TEST_F(CarryTest, TheOldFolderStaysAsItIs) {
  ASSERT_NO_FATAL_FAILURE(write_history());
  const auto before = files();
  ASSERT_TRUE(carry());
  EXPECT_EQ(files(), before);
}

TEST_F(CarryTest, AFolderInUseIsRefusedAndSoAreOneWithoutADatabaseAndADamagedAudit) {
  ASSERT_NO_FATAL_FAILURE(write_history());
  open();
  EXPECT_NE(carry().error().detail.find("in use by another control"), std::string::npos);
  close();
  raw("DROP TRIGGER audit_no_update; UPDATE audit SET actor = 'mallory' WHERE number = 2");
  EXPECT_NE(carry().error().detail.find("the audit is damaged"), std::string::npos);
  fs::remove(path("estop.db"));
  fs::remove_all(to_);
  EXPECT_NE(carry().error().detail.find("there is no estop.db"), std::string::npos);
}

}  // namespace
}  // namespace estop::control
