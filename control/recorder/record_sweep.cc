// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/record_sweep.h"

#include <fmt/format.h>

#include <utility>

namespace estop::control {

namespace {

using schemas::RecordKind;

constexpr std::uint64_t kKept_ms = kOrdersKept_days * 24 * 3'600 * 1'000;

}  // namespace

RecordSweep::RecordSweep(SQLite::Database& connection, RecordTable& records)
    : records_(records),
      older_snapshot_(connection, fmt::format("SELECT epoch, seq FROM records WHERE kind = {}"
                                              " AND (epoch, seq) < (?, ?)"
                                              " ORDER BY epoch DESC, seq DESC LIMIT 1",
                                              static_cast<int>(RecordKind::kSnapshot))),
      begin_(connection, "UPDATE log_begins SET epoch = ?, seq = ?"),
      rows_(connection,
            "SELECT epoch, seq, kind, op_id FROM records WHERE (epoch, seq) > (?, ?)"
            " AND (epoch, seq) < (?, ?) ORDER BY epoch, seq LIMIT ?"),
      newer_(connection,
             fmt::format("SELECT 1 FROM orders o WHERE o.kind = {} AND (o.epoch, o.seq) > (?, ?)"
                         " AND o.scope = (SELECT scope FROM orders WHERE op_id = ? AND epoch = ?"
                         " AND seq = ?) LIMIT 1",
                         static_cast<int>(RecordKind::kResume))),
      forget_(connection, "DELETE FROM orders WHERE op_id = ? AND epoch = ? AND seq = ?"),
      delete_(connection, "DELETE FROM records WHERE epoch = ? AND seq = ?") {}

// If it is not committed in the end, the one before it is the newest, and is kept whole.
void RecordSweep::snapshot_stored(const StoredRecord& snapshot) {
  StatementUse older(older_snapshot_);
  if (!older.bind(snapshot.epoch).bind(snapshot.seq).step()) return;
  const auto found = records_.order_at(older.number(0), older.number(1));
  if (!found || !found->record.record.is<schemas::Snapshot>()) return;
  const auto& place = std::get<schemas::Snapshot>(found->record.record.body).place;
  before_ = {place.epoch, place.seq + 1, {}};
  at_ = {};
  now_ms_ = snapshot.issued_at_ms;
}

std::vector<RecordSweep::Row> RecordSweep::next_rows(std::uint64_t most) {
  std::vector<Row> found;
  StatementUse use(rows_);
  use.bind(at_.epoch).bind(at_.seq).bind(before_.epoch).bind(before_.seq).bind(most);
  while (use.step()) {
    found.push_back(
        {use.number(0), use.number(1), static_cast<RecordKind>(use.number(2)), use.bytes(3)});
  }
  return found;
}

schemas::Result<void> RecordSweep::step(std::uint64_t rows) {
  StatementUse(begin_).bind(before_.epoch).bind(before_.seq).run();
  const auto found = next_rows(rows);
  for (const Row& row : found) {
    const auto goes = may_go(row);
    if (!goes) {
      before_ = {};
      return passed_on(goes);
    }
    if (*goes) remove(row);
    at_ = {row.epoch, row.seq, {}};
  }
  if (found.size() < rows) before_ = {};
  return {};
}

schemas::Result<bool> RecordSweep::may_go(const Row& row) {
  if (row.kind != RecordKind::kKill && row.kind != RecordKind::kResume) return true;
  const auto order = records_.order_at(row.epoch, row.seq);
  if (!order) return tl::make_unexpected(order.error());
  if (row.kind == RecordKind::kKill) {
    return !order->lifted_by.empty() && order->lifted_ms + kKept_ms < now_ms_;
  }
  StatementUse newer(newer_);
  newer.bind(row.epoch).bind(row.seq).bind_text(row.op_id).bind(row.epoch).bind(row.seq);
  return order->record.record.issued_at_ms + kKept_ms < now_ms_ && newer.step();
}

void RecordSweep::remove(const Row& row) {
  StatementUse(forget_).bind_text(row.op_id).bind(row.epoch).bind(row.seq).run();
  StatementUse(delete_).bind(row.epoch).bind(row.seq).run();
}

}  // namespace estop::control
