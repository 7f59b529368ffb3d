// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/carry.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "control/recorder/anchor.h"
#include "control/recorder/audit_scan.h"
#include "control/recorder/database.h"
#include "control/recorder/folder_lock.h"
#include "control/recorder/record_sweep.h"
#include "control/recorder/record_table.h"
#include "schemas/codec.h"
#include "schemas/former.h"
#include "schemas/holds.h"
#include "schemas/signing.h"

namespace estop::control {
namespace {

namespace fs = std::filesystem;
using schemas::Errc;
using schemas::fail;
using schemas::Record;
using schemas::RecordKind;
using schemas::Result;
using schemas::SignedRecord;

constexpr const char* kDatabase = "estop.db";
constexpr const char* kAnchor = "audit.anchor";
constexpr const char* kGuard = "records_no_delete";

Result<void> copy_files(const std::string& from, const std::string& to) {
  std::error_code error;
  if (!fs::exists(fs::path(from) / kDatabase, error)) {
    return fail(
        Errc::kStoreUnavailable,
        fmt::format("there is no {} in {}: name the data folder of an Estop", kDatabase, from));
  }
  if (fs::exists(fs::path(to) / kDatabase, error)) {
    return fail(Errc::kStoreUnavailable,
                fmt::format("{} holds a database already: name a new folder", to));
  }
  fs::create_directories(to, error);
  if (!error) fs::permissions(to, fs::perms::owner_all, error);
  for (const char* name : {kDatabase, "estop.db-wal", kAnchor}) {
    if (error || !fs::exists(fs::path(from) / name)) continue;
    fs::copy_file(fs::path(from) / name, fs::path(to) / name, error);
    if (!error) {
      fs::permissions(fs::path(to) / name, fs::perms::owner_read | fs::perms::owner_write, error);
    }
  }
  if (!error) return {};
  return fail(Errc::kStoreUnavailable,
              fmt::format("cannot copy {} to {}: {}", from, to, error.message()));
}

// What the old log says, as far as it can be read.
struct OldLog {
  schemas::Head head;
  std::uint64_t term = 0;
  std::vector<Record> orders;  // kills and resumes
};

std::string place(std::uint64_t epoch, std::uint64_t seq) {
  return fmt::format("{}:{}", epoch, seq);
}

// A record that cannot be read. What may be a stop is not left behind.
Result<void> leave_out(const StatementUse& row, const schemas::Error& why, Carried& told) {
  const std::uint64_t kind = row.number(2);
  const std::string at = place(row.number(0), row.number(1));
  if (kind == static_cast<std::uint64_t>(RecordKind::kResume)) {
    told.dropped.push_back(fmt::format("resume {} ({})", at, to_string(why)));
    return {};
  }
  const bool is_order = kind == static_cast<std::uint64_t>(RecordKind::kKill) ||
                        (kind > static_cast<std::uint64_t>(RecordKind::kTermOpened) &&
                         kind < static_cast<std::uint64_t>(RecordKind::kFirstSkippable));
  if (!is_order) return {};
  return fail(
      Errc::kStoreUnavailable,
      fmt::format("record {} may be a stop and cannot be read ({}): carry the folder with the "
                  "Estop that wrote it, or a newer one",
                  at, to_string(why)));
}

Result<SignedRecord> open_any_record(const schemas::Bytes& frame) {
  auto record = schemas::open_record(frame);
  if (record || record.error().code != Errc::kUnknownVersion) return record;
  return schemas::open_former_record(frame);
}

Result<OldLog> read_log(SQLite::Database& connection, Carried& told) {
  SQLite::Statement all(
      connection, "SELECT epoch, seq, kind, hash, frame, term FROM records ORDER BY epoch, seq");
  StatementUse row(all);
  OldLog log;
  while (row.step()) {
    const schemas::Head at{row.number(0), row.number(1), row.array<32>(3)};
    const auto record = open_any_record(row.bytes(4));
    if (!record) {
      if (auto left = leave_out(row, record.error(), told); !left) {
        return tl::make_unexpected(left.error());
      }
    } else if (record->hash != at.hash) {
      return fail(Errc::kStoreUnavailable,
                  fmt::format("record {} was changed: bring the folder back from a copy",
                              place(at.epoch, at.seq)));
    } else if (record->record.is<schemas::Kill>() || record->record.is<schemas::Resume>()) {
      log.orders.push_back(record->record);
    }
    log.head = at;
    log.term = std::max(log.term, row.number(5));
  }
  return log;
}

Result<void> check_audit(AuditTable& audit, const AuditAnchor& anchor) {
  const auto end = anchor.read();
  if (!end) return tl::make_unexpected(end.error());
  AuditVerification whole(audit, *end);
  while (!whole.step()) {
  }
  if (whole.verdict().ok) return {};
  return fail(Errc::kStoreUnavailable,
              fmt::format("the audit is damaged: {}; bring the folder back from a copy",
                          whole.verdict().problem));
}

// Numbers and signs the records of the new log.
Result<std::vector<SignedRecord>> sign_anew(OldLog log, std::uint64_t now_ms,
                                            const schemas::SigningKey& key) {
  Record opened;
  opened.op_id = fmt::format("epoch-{}", schemas::hex(log.head.hash).substr(0, 16));
  opened.actor = {.kind = schemas::ActorKind::kControl, .name = "control", .detail = {}};
  opened.issued_at_ms = now_ms;
  opened.body = schemas::EpochOpened{place(log.head.epoch, log.head.seq)};
  log.orders.insert(log.orders.begin(), std::move(opened));
  std::vector<SignedRecord> made;
  made.reserve(log.orders.size());
  for (Record& record : log.orders) {
    record.epoch = log.head.epoch + 1;
    record.term = log.term + 1;
    record.seq = made.size() + 1;
    record.prev = made.empty() ? log.head.hash : made.back().hash;
    Result<SignedRecord> signed_record = schemas::sign_record(record, key);
    if (!signed_record) return tl::make_unexpected(signed_record.error());
    made.push_back(std::move(*signed_record));
  }
  return made;
}

std::vector<Record> standing(const std::vector<SignedRecord>& log) {
  std::vector<Record> kills;
  for (const SignedRecord& one : log) {
    const Record& record = one.record;
    if (record.is<schemas::Kill>()) kills.push_back(record);
    const auto* resume = std::get_if<schemas::Resume>(&record.body);
    if (resume == nullptr) continue;
    std::erase_if(kills, [&](const Record& kill) {
      return schemas::lifts(*resume, {schemas::latch_of(kill), kill.epoch});
    });
  }
  return kills;
}

// Of a log whose old records went, kills that were lifted are in the audit alone: older ones than
// those that it keeps are not asked for.
std::vector<std::string> not_logged(SQLite::Database& connection, std::uint64_t now_ms) {
  constexpr std::uint64_t kKept_ms = kOrdersKept_days * 24 * 3'600 * 1'000;
  SQLite::Statement audited(connection,
                            "SELECT DISTINCT op_id FROM audit WHERE kind = 'kill' AND op_id <> ''"
                            " AND op_id NOT IN (SELECT op_id FROM records)"
                            " AND (at_ms >= ? OR (SELECT seq FROM log_begins) = 0)"
                            " ORDER BY number");
  StatementUse row(audited);
  row.bind(now_ms - std::min(now_ms, kKept_ms));
  std::vector<std::string> found;
  while (row.step()) found.push_back(row.bytes(0));
  return found;
}

std::uint64_t count(SQLite::Database& connection, const char* of) {
  return static_cast<std::uint64_t>(
      connection.execAndGet(fmt::format("SELECT count(*) FROM {}", of)).getInt64());
}

// The one place that takes records out of a database: a copy that no control has opened yet.
void replace_records(SQLite::Database& connection, const std::vector<SignedRecord>& log) {
  const std::string guard =
      connection.execAndGet(fmt::format("SELECT sql FROM sqlite_schema WHERE name = '{}'", kGuard))
          .getString();
  connection.exec(
      fmt::format("DROP TRIGGER {}; DELETE FROM records; DELETE FROM orders; {}", kGuard, guard));
  RecordTable records(connection);
  for (const SignedRecord& one : log) (void)records.add(stored(one));
}

AuditEntry carried_line(const CarryRequest& request, const schemas::Head& head,
                        const Carried& told) {
  return {
      .kind = "carried",
      .actor = request.actor,
      .subject = "*",
      .op_id = {},
      .detail = fmt::format(R"({{"from":"{}","hash":"{}","records":{},"kills":{},"dropped":{}}})",
                            place(head.epoch, head.seq), schemas::hex(head.hash), told.records,
                            told.kills.size(), told.dropped.size()),
      .at_ms = request.now_ms};
}

Result<Carried> rewrite(const CarryRequest& request, const schemas::SigningKey& key,
                        SQLite::Database& connection) {
  Carried told;
  auto old = read_log(connection, told);
  if (!old) return tl::make_unexpected(old.error());
  const schemas::Head head = old->head;
  AuditTable audit(connection);
  const AuditAnchor anchor(request.to);
  if (auto good = check_audit(audit, anchor); !good) return tl::make_unexpected(good.error());
  const auto log = sign_anew(std::move(*old), request.now_ms, key);
  if (!log) return tl::make_unexpected(log.error());
  told.not_logged = not_logged(connection, request.now_ms);
  told.records = log->size();
  told.kills = standing(*log);
  SQLite::Transaction transaction(connection, SQLite::TransactionBehavior::IMMEDIATE);
  replace_records(connection, *log);
  connection.exec("DELETE FROM agents");
  audit.append(carried_line(request, head, told));
  transaction.commit();
  audit.committed();
  told.checkpoints = count(connection, "checkpoints");
  told.effects = count(connection, "effects");
  told.effects_begun = count(connection, "effects WHERE state = 1");
  told.audit_rows = audit.head().number - audit.beginning().through;
  if (auto written = anchor.write(audit.head()); !written) {
    return tl::make_unexpected(written.error());
  }
  return told;
}

}  // namespace

Result<Carried> carry(const CarryRequest& request, const schemas::SigningKey& key) {
  std::error_code error;
  if (!fs::is_directory(request.from, error)) {
    return fail(Errc::kStoreUnavailable,
                fmt::format("{} is no folder of a recorder: name the data folder of an Estop",
                            request.from));
  }
  const auto lock = hold_folder(request.from);  // nobody writes while it is copied
  if (!lock) return tl::make_unexpected(lock.error());
  if (auto copied = copy_files(request.from, request.to); !copied) {
    return tl::make_unexpected(copied.error());
  }
  const std::string path = request.to + "/" + kDatabase;
  auto database = Database::open(path, Database::Former::kCarried);
  if (!database) return tl::make_unexpected(database.error());
  try {
    return rewrite(request, key, (*database)->connection());
  } catch (const SQLite::Exception& failure) {
    return tl::make_unexpected(explain(path, failure));
  }
}

}  // namespace estop::control
