// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/record_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "schemas/codec.h"
#include "schemas/holds.h"

namespace estop::control {
namespace {

using schemas::Errc;
using schemas::RecordKind;
using schemas::Result;
using schemas::SignedRecord;

Result<SignedRecord> decode(const StatementUse& use) {
  const std::uint64_t epoch = use.number(0);
  const std::uint64_t seq = use.number(1);
  auto opened = schemas::open_record(use.bytes(3));
  if (!opened) {
    const Errc code = opened.error().code;
    const bool is_newer = code == Errc::kUnknownType || code == Errc::kUnknownVersion;
    return schemas::fail(
        code, fmt::format(
                  "the stored record {}:{} {}: {}", epoch, seq,
                  is_newer ? "is of a newer Estop, which has to run on this folder" : "is damaged",
                  opened.error().detail));
  }
  if (opened->hash != use.array<32>(2) || opened->record.epoch != epoch ||
      opened->record.seq != seq) {
    return schemas::fail(Errc::kChainBroken,
                         fmt::format("the stored record {}:{} was changed", epoch, seq));
  }
  return opened;
}

bool follows(const SignedRecord& later, const SignedRecord& earlier) {
  const bool neighbours =
      later.record.epoch == earlier.record.epoch && later.record.seq == earlier.record.seq + 1;
  return !neighbours || later.record.prev == earlier.hash;
}

std::string does_not_follow(const schemas::Record& later) {
  return fmt::format("the stored record {}:{} does not follow the one before it", later.epoch,
                     later.seq);
}

}  // namespace

StoredRecord stored(const SignedRecord& signed_record) {
  const schemas::Record& record = signed_record.record;
  const bool is_order = record.is<schemas::Kill>() || record.is<schemas::Resume>();
  return {record.epoch,        record.seq,
          record.term,         record.kind(),
          record.op_id,        signed_record.hash,
          signed_record.frame, is_order ? record.scope().text() : std::string(),
          record.issued_at_ms};
}

RecordTable::RecordTable(SQLite::Database& connection)
    : find_(connection, "SELECT hash FROM records WHERE epoch = ? AND seq = ?"),
      insert_(connection,
              "INSERT INTO records (epoch, seq, term, kind, op_id, hash, frame)"
              " VALUES (?,?,?,?,?,?,?)"),
      newest_(connection,
              "SELECT epoch, seq, hash, frame FROM records ORDER BY epoch DESC, seq DESC LIMIT ?"),
      enter_(connection, "INSERT INTO orders (op_id, epoch, seq, kind, scope) VALUES (?,?,?,?,?)"),
      order_of_(connection,
                "SELECT r.epoch, r.seq, r.hash, r.frame FROM orders o JOIN records r"
                " ON r.epoch = o.epoch AND r.seq = o.seq"
                " WHERE o.op_id = ? ORDER BY o.epoch DESC, o.seq DESC LIMIT 1"),
      resumes_(connection,
               "SELECT r.epoch, r.seq, r.hash, r.frame FROM orders o JOIN records r"
               " ON r.epoch = o.epoch AND r.seq = o.seq"
               " WHERE o.scope = ? AND o.kind = ? AND (o.epoch, o.seq) > (?, ?)"
               " ORDER BY o.epoch, o.seq"),
      at_(connection, "SELECT epoch, seq, hash, frame FROM records WHERE epoch = ? AND seq = ?"),
      snapshots_(connection, fmt::format("SELECT epoch, seq, hash, frame FROM records"
                                         " WHERE kind = {} ORDER BY epoch DESC, seq DESC",
                                         static_cast<int>(RecordKind::kSnapshot))),
      count_(connection, "SELECT COUNT(*) FROM records WHERE epoch = ? AND seq BETWEEN ? AND ?"),
      from_(connection,
            "SELECT epoch, seq, hash, frame FROM records WHERE (epoch, seq) >= (?, ?)"
            " ORDER BY epoch, seq"),
      older_(connection, "SELECT DISTINCT op_id FROM orders WHERE (epoch, seq) < (?, ?)"),
      lacking_(connection, fmt::format("SELECT NOT EXISTS (SELECT 1 FROM orders) AND EXISTS"
                                       " (SELECT 1 FROM records WHERE kind IN ({}, {}))",
                                       static_cast<int>(RecordKind::kKill),
                                       static_cast<int>(RecordKind::kResume))) {}

RecordTable::Added RecordTable::add(const StoredRecord& record) {
  {
    StatementUse use(find_);
    if (use.bind(record.epoch).bind(record.seq).step()) {
      return use.array<32>(0) == record.hash ? Added::kKnown : Added::kAnother;
    }
  }
  StatementUse(insert_)
      .bind(record.epoch)
      .bind(record.seq)
      .bind(record.term)
      .bind(static_cast<std::uint64_t>(record.kind))
      .bind_text(record.op_id)
      .bind_blob(record.hash)
      .bind_blob(record.frame)
      .run();
  if (has_orders_ && !record.scope.empty()) enter(record);
  return Added::kNew;
}

void RecordTable::enter(const StoredRecord& record) {
  StatementUse(enter_)
      .bind_text(record.op_id)
      .bind(record.epoch)
      .bind(record.seq)
      .bind(static_cast<std::uint64_t>(record.kind))
      .bind_text(record.scope)
      .run();
}

Result<std::vector<SignedRecord>> RecordTable::load(std::uint64_t limit) {
  StatementUse use(newest_);
  use.bind(limit == 0 ? ~std::uint64_t{0} : limit);  // -1 for SQLite: no limit
  std::vector<SignedRecord> records;
  while (use.step()) {
    auto record = decode(use);
    if (!record) return tl::make_unexpected(record.error());
    if (!records.empty() && !follows(records.back(), *record)) {
      return schemas::fail(Errc::kChainBroken, does_not_follow(records.back().record));
    }
    records.push_back(std::move(*record));
  }
  std::reverse(records.begin(), records.end());
  return records;
}

// The place of part 0 of the newest snapshot from which on nothing is missing up to its end;
// without one zero. A gap behind it is filled from the stream.
Result<schemas::Head> RecordTable::newest_start() {
  StatementUse use(snapshots_);
  while (has_orders_ && use.step()) {
    const auto record = decode(use);
    if (!record) return tl::make_unexpected(record.error());
    const auto* snapshot = std::get_if<schemas::Snapshot>(&record->record.body);
    if (snapshot == nullptr) continue;
    const std::uint64_t first = snapshot->place.seq + 1;
    StatementUse count(count_);
    count.bind(record->record.epoch).bind(first).bind(record->record.seq);
    const bool is_whole = count.step() && count.number(0) == record->record.seq - first + 1;
    if (is_whole) return schemas::Head{record->record.epoch, first, {}};
  }
  return schemas::Head{};
}

Result<StoredLog> RecordTable::load_log() {
  const auto start = newest_start();
  if (!start) return tl::make_unexpected(start.error());
  StoredLog log;
  StatementUse use(from_);
  use.bind(start->epoch).bind(start->seq);
  while (use.step()) {
    auto record = decode(use);
    if (!record) return tl::make_unexpected(record.error());
    if (!log.records.empty() && !follows(*record, log.records.back())) {
      return schemas::fail(Errc::kChainBroken, does_not_follow(record->record));
    }
    log.records.push_back(std::move(*record));
  }
  StatementUse older(older_);
  older.bind(start->epoch).bind(start->seq);
  while (older.step()) log.older_ops.push_back(older.bytes(0));
  return log;
}

Result<std::optional<FoundOrder>> RecordTable::find_order(const std::string& op_id) {
  if (!has_orders_) {
    return schemas::fail(Errc::kStoreUnavailable,
                         "the orders of the log could not be entered: start control once with room "
                         "on the disk");
  }
  FoundOrder found;
  {
    StatementUse use(order_of_);
    if (!use.bind_text(op_id).step()) return std::optional<FoundOrder>();
    auto record = decode(use);
    if (!record) return tl::make_unexpected(record.error());
    found.record = std::move(*record);
  }
  if (found.record.record.is<schemas::Kill>()) {
    if (auto lifted = find_lift(found); !lifted) return tl::make_unexpected(lifted.error());
  }
  return std::optional(std::move(found));
}

Result<FoundOrder> RecordTable::order_at(std::uint64_t epoch, std::uint64_t seq) {
  FoundOrder found;
  {
    StatementUse use(at_);
    if (!use.bind(epoch).bind(seq).step()) return schemas::fail(Errc::kNotFound);
    auto record = decode(use);
    if (!record) return tl::make_unexpected(record.error());
    found.record = std::move(*record);
  }
  if (!found.record.record.is<schemas::Kill>()) return found;
  if (auto lifted = find_lift(found); !lifted) return tl::make_unexpected(lifted.error());
  return found;
}

// The first resume of its scope behind it that names it: mostly the first one.
Result<void> RecordTable::find_lift(FoundOrder& kill) {
  const schemas::Record& record = kill.record.record;
  const schemas::Hold hold{schemas::latch_of(record), record.epoch, record.kill().given_as};
  const std::string scope = record.scope().text();
  StatementUse use(resumes_);
  use.bind_text(scope).bind(static_cast<std::uint64_t>(RecordKind::kResume));
  use.bind(record.epoch).bind(record.seq);
  while (use.step()) {
    const auto resume = decode(use);
    if (!resume) return tl::make_unexpected(resume.error());
    const auto* lifting = std::get_if<schemas::Resume>(&resume->record.body);
    if (lifting == nullptr) {
      return schemas::fail(schemas::Errc::kChainBroken,
                           "the table of orders names a record that is none: the file is damaged");
    }
    if (!schemas::lifts(*lifting, hold)) continue;
    kill.lifted_by = resume->record.op_id;
    kill.lifted_ms = resume->record.issued_at_ms;
    break;
  }
  return {};
}

bool RecordTable::lacks_orders() {
  StatementUse use(lacking_);
  return use.step() && use.number(0) != 0;
}

Result<void> RecordTable::enter_orders() {
  const auto records = load(0);
  if (!records) return tl::make_unexpected(records.error());
  for (const SignedRecord& one : *records) {
    const StoredRecord record = stored(one);
    if (!record.scope.empty()) enter(record);
  }
  return {};
}

}  // namespace estop::control
