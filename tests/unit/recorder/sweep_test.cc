// SPDX-License-Identifier: Apache-2.0

// Records that nobody reads any more.
#include <fmt/format.h>

#include <functional>

#include "schemas/codec.h"
#include "tests/support/wait_until.h"
#include "tests/unit/recorder/recorder_fixture.h"

namespace estop::control {
namespace {

using schemas::SignedRecord;

constexpr std::uint64_t kDay_ms = 24ULL * 3'600 * 1'000;

class SweepTest : public RecorderTest {
 protected:
  SweepTest() { open(); }

  // The next record, `day` days after the first.
  void add(schemas::RecordBody body, const std::string& op_id, std::uint64_t day) {
    schemas::Record record = kill_after(newest_, op_id).record;
    record.body = std::move(body);
    record.issued_at_ms = 1'700'000'000'000 + day * kDay_ms;
    newest_ = schemas::sign_record(record, key_).value();
    ASSERT_TRUE(append(newest_));
  }
  void kill(const std::string& op_id, std::uint64_t day) { add(scoped_kill(), op_id, day); }
  void resume(const std::string& op_id, const std::string& lifts, std::uint64_t day) {
    add(schemas::Resume{.scope = schemas::Scope::of(mailer()), .lifts = {lifts}}, op_id, day);
  }
  void snapshot(std::uint64_t day) {
    const schemas::Head place{1, newest_.record.seq, newest_.hash};
    add(schemas::SnapshotPart{place.seq, 0, "entries"}, "snapshot-part", day);
    add(schemas::Snapshot{place, 1, {}}, "snapshot", day);
  }
  static schemas::Kill scoped_kill() { return {.scope = schemas::Scope::of(mailer())}; }

  [[nodiscard]] bool found(const std::string& op_id) {
    return await<schemas::Result<std::optional<FoundOrder>>>(
               [&](auto done) { recorder_->find_order(op_id, std::move(done)); })
        ->has_value();
  }
  // Op ids of the records that are left, in their order.
  [[nodiscard]] std::string left() {
    std::string all;
    SQLite::Database other(raw());
    SQLite::Statement rows(other, "SELECT op_id FROM records ORDER BY seq");
    while (rows.executeStep()) all += rows.getColumn(0).getString() + ' ';
    return all;
  }
  [[nodiscard]] bool is_left(const std::string& wanted) {
    return testing::wait_until([&] { return left() == wanted; });
  }

  const schemas::SigningKey key_ =
      schemas::SigningKey::from_bytes(schemas::KeyRole::kUser, {1, 2, 3});
  SignedRecord newest_;
};

TEST_F(SweepTest, WhatStandsBeforeTheSnapshotBeforeTheNewestGoesAndOrdersStayForThirtyDays) {
  add(schemas::TermOpened{}, "term-1", 0);
  kill("holds", 0);
  kill("lifted", 0);
  resume("resume-1", "lifted", 1);
  kill("lifted-later", 1);
  resume("resume-2", "lifted-later", 20);
  const std::string orders = "holds lifted resume-1 lifted-later resume-2 ";
  const std::string part = "snapshot-part snapshot ";
  snapshot(21);
  add(schemas::TermOpened{}, "term-2", 21);
  EXPECT_EQ(left(), "term-1 " + orders + part + "term-2 ") << "one alone lets nothing go";
  snapshot(22);
  EXPECT_TRUE(is_left(orders + part + "term-2 " + part)) << left();
  snapshot(31);
  EXPECT_TRUE(is_left(orders + part + part)) << left();
  snapshot(32);
  EXPECT_TRUE(is_left("holds lifted-later resume-2 " + part + part)) << left();
  snapshot(60);
  EXPECT_TRUE(is_left("holds resume-2 " + part + part)) << left();
  EXPECT_TRUE(found("holds"));
  EXPECT_FALSE(found("lifted"));
  reopen();
  EXPECT_EQ(recorder_->load_log()->records.size(), 2U);
  EXPECT_EQ(recorder_->load_log()->older_ops, (std::vector<std::string>{"holds", "resume-2"}));
}

TEST_F(SweepTest, NothingElseDeletesARecord) {
  kill("k1", 0);
  snapshot(0);
  snapshot(0);
  kill("k2", 0);
  EXPECT_TRUE(is_left("k1 snapshot-part snapshot snapshot-part snapshot k2 "));
  EXPECT_THROW(raw("DELETE FROM records WHERE op_id = 'k2'"), SQLite::Exception);
  EXPECT_THROW(raw("DELETE FROM records WHERE op_id = 'snapshot'"), SQLite::Exception);
}

}  // namespace
}  // namespace estop::control
