// SPDX-License-Identifier: Apache-2.0

// An order is found by its op id, however long ago it was, with what became of it.
#include "schemas/codec.h"
#include "schemas/holds.h"
#include "tests/unit/recorder/recorder_fixture.h"

namespace estop::control {
namespace {

using schemas::Errc;
using schemas::SignedRecord;

class OrderTest : public RecorderTest {
 protected:
  schemas::Result<std::optional<FoundOrder>> find(const std::string& op_id) {
    return await<schemas::Result<std::optional<FoundOrder>>>(
        [&](auto done) { recorder_->find_order(op_id, std::move(done)); });
  }
  void kill(const std::string& op_id) {
    newest = kill_after(newest, op_id);
    ASSERT_TRUE(append(newest, Urgency::kFirst, AuditEntry{"kill", "alice", "", op_id, "{}", 1}));
  }
  void resume(const std::string& op_id, std::vector<std::string> lifts,
              schemas::Through through = {}) {
    static const auto key = schemas::SigningKey::from_bytes(schemas::KeyRole::kUser, {1, 2, 3});
    schemas::Record record;
    record.epoch = record.term = 1;
    record.seq = newest.record.seq + 1;
    record.prev = newest.hash;
    record.op_id = op_id;
    record.actor.name = "bob";
    record.reason = "mended";
    record.issued_at_ms = 1'000 + record.seq;
    record.body = schemas::Resume{.scope = schemas::Scope::of(mailer()),
                                  .lifts = std::move(lifts),
                                  .through = through,
                                  .incarnation = record.seq};
    newest = schemas::sign_record(record, key).value();
    ASSERT_TRUE(append(newest, Urgency::kFirst, AuditEntry{"resume", "bob", "", op_id, "{}", 1}));
  }
  void expect_lifted(const std::string& op_id, const std::string& by) {
    const auto found = find(op_id);
    ASSERT_TRUE(found && *found) << op_id;
    EXPECT_EQ((*found)->record.record.op_id, op_id);
    EXPECT_EQ((*found)->lifted_by, by) << op_id;
    EXPECT_EQ((*found)->lifted_ms != 0, !by.empty()) << op_id;
  }
  SignedRecord newest;
};

TEST_F(OrderTest, IsFoundWithTheResumeThatLiftedIt) {
  open();
  for (const char* id : {"k1", "k2", "k3", "k4"}) kill(id);
  resume("r1", {"k2"});
  const schemas::Head place{1, newest.record.seq, newest.hash};
  resume("r2", {}, {place, 2, {}});
  kill("k5");
  for (int life = 0; life < 2; ++life, reopen()) {
    expect_lifted("k2", "r1");
    expect_lifted("k1", "r2");
    expect_lifted("k4", "r2");
    expect_lifted("k5", "");
    expect_lifted("r1", "");
    EXPECT_EQ((*find("k3"))->audit_number, 3U);
    EXPECT_FALSE(find("k9")->has_value());
    EXPECT_FALSE(find("")->has_value());
  }
}

TEST_F(OrderTest, OfAnEstopThatKeptNoneIsEnteredAtOpen) {
  open();
  kill("k1");
  resume("r1", {"k1"});
  close();
  raw("DROP TABLE orders; DROP TABLE log_begins; PRAGMA user_version = 4");
  open();
  expect_lifted("k1", "r1");
  kill("k2");
  expect_lifted("k2", "");
}

TEST_F(OrderTest, WhoseLineWasCutAwayHasNoNumber) {
  open();
  kill("k1");
  kill("k2");
  const CutRequest request{0, 1, lines()[0].hash, "export", "full", "alice", 1};
  ASSERT_TRUE(await<schemas::Result<AuditCut>>(
      [&](auto done) { recorder_->cut_audit(request, std::move(done)); }));
  EXPECT_EQ((*find("k1"))->audit_number, 0U);
  EXPECT_EQ((*find("k2"))->audit_number, 2U);
}

TEST_F(OrderTest, OfManyIsFoundWithoutALongLook) {
  open();
  kill("first");
  for (int i = 0; i < 3'000; ++i) {
    newest = kill_after(newest, "k" + std::to_string(i));
    recorder_->append_record(newest, std::nullopt, Urgency::kGroup, nullptr);
  }
  expect_lifted("first", "");
  auto file = raw();
  SQLite::Statement plan(file,
                         "EXPLAIN QUERY PLAN SELECT r.frame FROM orders o JOIN records r"
                         " ON r.epoch = o.epoch AND r.seq = o.seq WHERE o.op_id = 'k1'");
  std::string text;
  while (plan.executeStep()) text += plan.getColumn(3).getString() + '\n';
  EXPECT_EQ(text.find("SCAN"), std::string::npos) << text;
}

}  // namespace
}  // namespace estop::control
