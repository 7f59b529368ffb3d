// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/recorder/recorder_fixture.h"

#include <poll.h>

#include <cstdlib>
#include <filesystem>

#include "schemas/codec.h"

namespace estop::control {

using schemas::Result;

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kDeadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

Hold::Hold(Recorder& recorder) {
  auto held = std::make_shared<std::promise<void>>();
  recorder.audit(line("hold"), Urgency::kGroup, [gate = gate_, held](auto) {
    held->set_value();
    gate->get_future().wait();
  });
  held->get_future().wait();
}

void Hold::release() {
  if (!std::exchange(released_, true)) gate_->set_value();
}

RecorderTest::RecorderTest() {
  std::string pattern = testing::TempDir() + "estop-recorder-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = pattern;
}

RecorderTest::~RecorderTest() {
  recorder_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

RecorderOptions RecorderTest::options() const {
  RecorderOptions options;
  options.folder = folder_;
  options.retry_ms = retry_ms_;
  return options;
}

Recorder& RecorderTest::open() {
  auto opened = Recorder::open(options());
  if (!opened) throw std::runtime_error(opened.error().detail);
  recorder_ = std::move(*opened);
  return *recorder_;
}

std::string RecorderTest::open_refused() {
  auto opened = Recorder::open(options());
  if (opened) return "it opened";
  EXPECT_EQ(opened.error().code, schemas::Errc::kStoreUnavailable);
  return opened.error().detail;
}

Recorder& RecorderTest::reopen() {
  close();
  return open();
}

SQLite::Database RecorderTest::raw(const std::string& sql) {
  SQLite::Database database(path("estop.db"), SQLite::OPEN_READWRITE, 5'000);
  if (!sql.empty()) database.exec(sql);
  return database;
}

Result<std::uint64_t> RecorderTest::write_line(const std::string& detail, Urgency urgency) {
  return await<Result<std::uint64_t>>(
      [&](auto done) { recorder_->audit(line(detail), urgency, std::move(done)); });
}

void RecorderTest::write_lines(std::uint64_t count) {
  for (std::uint64_t n = 1; n < count; ++n) {
    recorder_->audit(line(std::to_string(n)), Urgency::kGroup, nullptr);
  }
  if (count > 0) {
    ASSERT_TRUE(write_line(std::to_string(count)));
  }
}

std::vector<AuditRow> RecorderTest::lines(AuditQuery query) {
  if (query.limit == AuditQuery().limit) query.limit = kAuditListMax;
  auto rows = await<Result<std::vector<AuditRow>>>(
      [&](auto done) { recorder_->list_audit(query, std::move(done)); });
  EXPECT_TRUE(rows);
  return rows.value_or(std::vector<AuditRow>());
}

AuditVerdict RecorderTest::verify() {
  auto verdict =
      await<Result<AuditVerdict>>([&](auto done) { recorder_->verify_audit(std::move(done)); });
  EXPECT_TRUE(verdict);
  return verdict.value_or(AuditVerdict());
}

schemas::StoreReply RecorderTest::ask(schemas::StoreRequest request, const std::string& instance) {
  return await<schemas::StoreReply>([&](auto done) {
    recorder_->store(mailer(), *schemas::Instance::parse(instance), request, std::move(done));
  });
}

Result<std::uint64_t> RecorderTest::append(const schemas::SignedRecord& record, Urgency urgency,
                                           std::optional<AuditEntry> audit) {
  return await<Result<std::uint64_t>>([&](auto done) {
    recorder_->append_record(record, std::move(audit), urgency, std::move(done));
  });
}

AuditCut audit_beginning(Recorder& recorder) {
  return await<Result<AuditCut>>([&](auto done) { recorder.read_beginning(std::move(done)); })
      .value();
}

schemas::Address mailer() {
  return *schemas::Address::parse("acme/prod/mailer");
}

AuditEntry line(const std::string& detail, const std::string& kind) {
  return {kind, "tester", "acme/prod/mailer", "op-1", detail, 1'700'000'000'000};
}

schemas::SignedRecord kill_after(const schemas::SignedRecord& before, const std::string& op_id) {
  static const auto key = schemas::SigningKey::from_bytes(schemas::KeyRole::kUser, {1, 2, 3});
  schemas::Record record;
  record.epoch = 1;
  record.term = 1;
  record.seq = before.record.seq + 1;
  record.prev = before.hash;
  record.op_id = op_id;
  record.kill().scope = schemas::Scope::of(mailer());
  record.actor.name = "alice";
  record.reason = "broken unsubscribe link";
  return schemas::sign_record(record, key).value();
}

}  // namespace estop::control
