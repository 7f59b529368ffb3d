// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/record_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "schemas/codec.h"

namespace estop::control {
namespace {

using schemas::Errc;
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

}  // namespace

StoredRecord stored(const SignedRecord& signed_record) {
  const schemas::Record& record = signed_record.record;
  return {record.epoch, record.seq,         record.term,        record.kind(),
          record.op_id, signed_record.hash, signed_record.frame};
}

RecordTable::RecordTable(SQLite::Database& connection)
    : find_(connection, "SELECT hash FROM records WHERE epoch = ? AND seq = ?"),
      insert_(connection,
              "INSERT INTO records (epoch, seq, term, kind, op_id, hash, frame)"
              " VALUES (?,?,?,?,?,?,?)"),
      newest_(connection,
              "SELECT epoch, seq, hash, frame FROM records ORDER BY epoch DESC, seq DESC LIMIT ?") {
}

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
  return Added::kNew;
}

Result<std::vector<SignedRecord>> RecordTable::load(std::uint64_t limit) {
  StatementUse use(newest_);
  use.bind(limit == 0 ? ~std::uint64_t{0} : limit);  // -1 for SQLite: no limit
  std::vector<SignedRecord> records;
  while (use.step()) {
    auto record = decode(use);
    if (!record) return tl::make_unexpected(record.error());
    if (!records.empty() && !follows(records.back(), *record)) {
      const schemas::Record& later = records.back().record;
      return schemas::fail(Errc::kChainBroken,
                           fmt::format("the stored record {}:{} does not follow the one before it",
                                       later.epoch, later.seq));
    }
    records.push_back(std::move(*record));
  }
  std::reverse(records.begin(), records.end());
  return records;
}

}  // namespace estop::control
