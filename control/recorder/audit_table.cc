// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/audit_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace estop::control {
namespace {

constexpr const char* kColumns = "number, at_ms, kind, actor, subject, op_id, detail, prev, hash";

// Of one order by its index: however long the audit is, only its lines are looked at.
std::string find_sql(const char* order, bool is_of_one_order = false) {
  return fmt::format(
      "SELECT {} FROM audit {} WHERE number > ?1 AND number <= ?2"
      " AND (?3 = '' OR kind = ?3) AND (?4 = '' OR subject = ?4) {} ORDER BY number {} LIMIT ?5",
      kColumns, is_of_one_order ? "INDEXED BY audit_ops" : "",
      is_of_one_order ? "AND op_id <> '' AND op_id = ?6" : "", order);
}

AuditRow row_of(const StatementUse& use) {
  AuditRow row;
  row.number = use.number(0);
  row.entry.at_ms = use.number(1);
  row.entry.kind = use.bytes(2);
  row.entry.actor = use.bytes(3);
  row.entry.subject = use.bytes(4);
  row.entry.op_id = use.bytes(5);
  row.entry.detail = use.bytes(6);
  row.prev = use.array<32>(7);
  row.hash = use.array<32>(8);
  return row;
}

}  // namespace

AuditTable::AuditTable(SQLite::Database& connection)
    : insert_(connection,
              fmt::format("INSERT INTO audit ({}) VALUES (?,?,?,?,?,?,?,?,?)", kColumns)),
      newest_(connection, "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1"),
      hash_of_(connection, "SELECT hash FROM audit WHERE number = ?"),
      range_(connection, fmt::format("SELECT {} FROM audit WHERE number > ? AND number <= ?"
                                     " ORDER BY number",
                                     kColumns)),
      oldest_first_(connection, find_sql("ASC")),
      newest_first_(connection, find_sql("DESC")),
      oldest_first_of_(connection, find_sql("ASC", true)),
      newest_first_of_(connection, find_sql("DESC", true)),
      given_(connection,
             "SELECT number FROM audit INDEXED BY audit_ops WHERE op_id <> '' AND op_id = ?"
             " AND number > ? AND kind IN ('kill', 'resume', 'adopted') ORDER BY number LIMIT 1"),
      newest_cut_(connection, fmt::format("SELECT {} FROM audit WHERE kind = '{}'"
                                          " ORDER BY number DESC LIMIT 1",
                                          kColumns, kAuditCutKind)),
      oldest_(connection, "SELECT number FROM audit ORDER BY number LIMIT 1"),
      sweep_(connection, "DELETE FROM audit WHERE number <= ?") {
  head_ = tip_ = stored_head();
  cut_ = tip_cut_ = stored_beginning().value_or(AuditCut());
}

std::uint64_t AuditTable::append(const AuditEntry& entry) {
  AuditRow row{tip_.number + 1, entry, tip_.hash, {}};
  row.hash = audit_hash(row);
  StatementUse(insert_)
      .bind(row.number)
      .bind(row.entry.at_ms)
      .bind_text(row.entry.kind)
      .bind_text(row.entry.actor)
      .bind_text(row.entry.subject)
      .bind_text(row.entry.op_id)
      .bind_text(row.entry.detail)
      .bind_blob(row.prev)
      .bind_blob(row.hash)
      .run();
  tip_ = {row.number, row.hash};
  if (tail_) written_.push_back(std::move(row));
  return tip_.number;
}

void AuditTable::tell_tail() {
  if (committed_ == 0) return;
  committed_ = 0;
  tail_(std::exchange(written_, {}));
}

schemas::Result<AuditCut> AuditTable::cut(const CutRequest& request) {
  auto made = decide_cut(request, tip_cut_, tip_.number, hash_of(request.through));
  if (!made || made->number != 0) return made;
  made->number = append(cut_line(*made));
  tip_cut_ = *made;
  return made;
}

void AuditTable::committed() {
  head_ = tip_;
  committed_ = written_.size();
  if (cut_.through != tip_cut_.through) cut_ = tip_cut_;
}

void AuditTable::rolled_back() {
  tip_ = head_;
  written_.resize(committed_);
  if (cut_.through != tip_cut_.through) tip_cut_ = cut_;
}

std::optional<AuditCut> AuditTable::stored_beginning() {
  StatementUse use(newest_cut_);
  if (!use.step()) return AuditCut();
  return read_cut_line(row_of(use));
}

bool AuditTable::sweep(std::uint64_t rows) {
  std::uint64_t oldest = 0;
  {
    StatementUse use(oldest_);
    if (use.step()) oldest = use.number(0);
  }
  if (oldest == 0 || oldest > cut_.through) return true;
  const std::uint64_t last = std::min(cut_.through, oldest + rows - 1);
  StatementUse(sweep_).bind(last).run();
  return last == cut_.through;
}

ChainHead AuditTable::stored_head() {
  StatementUse use(newest_);
  if (!use.step()) return {};
  return {use.number(0), use.array<32>(1)};
}

std::optional<schemas::Hash> AuditTable::hash_of(std::uint64_t number) {
  StatementUse use(hash_of_);
  if (!use.bind(number).step()) return std::nullopt;
  return use.array<32>(0);
}

void AuditTable::read(std::uint64_t number, std::uint64_t last,
                      const std::function<bool(AuditRow)>& each) {
  StatementUse use(range_);
  use.bind(number).bind(last);
  while (use.step() && each(row_of(use))) {
  }
}

std::uint64_t AuditTable::line_of_order(const std::string& op_id) {
  StatementUse use(given_);
  use.bind_text(op_id).bind(cut_.through);
  return use.step() ? use.number(0) : 0;
}

std::vector<AuditRow> AuditTable::find(const AuditQuery& query, std::uint64_t after,
                                       std::uint64_t last, FindMax max) {
  const bool is_of_one_order = !query.op_id.empty();
  SQLite::Statement& newest = is_of_one_order ? newest_first_of_ : newest_first_;
  SQLite::Statement& oldest = is_of_one_order ? oldest_first_of_ : oldest_first_;
  StatementUse use(query.newest_first ? newest : oldest);
  use.bind(after).bind(last).bind_text(query.kind).bind_text(query.subject).bind(max.rows);
  if (is_of_one_order) use.bind_text(query.op_id);
  std::vector<AuditRow> rows;
  for (std::size_t bytes = 0; bytes < max.bytes && use.step();) {
    rows.push_back(row_of(use));
    bytes += text_bytes(rows.back().entry);
  }
  return rows;
}

}  // namespace estop::control
