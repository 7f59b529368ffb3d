// SPDX-License-Identifier: Apache-2.0

// The audit chain in the database: appended to at its head, read in slices.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "control/recorder/audit_cut.h"
#include "control/recorder/audit_hash.h"
#include "control/recorder/statement.h"

namespace estop::control {

// SQLite::Exception from every member that reads or writes.
class AuditTable {
 public:
  explicit AuditTable(SQLite::Database& connection);  // reads the head

  // Within a transaction; returns the number. The head moves only with `committed`.
  std::uint64_t append(const AuditEntry& entry);
  // Likewise. From its commit on the audit begins behind the cut; `sweep` deletes the lines before
  // it.
  [[nodiscard]] schemas::Result<AuditCut> cut(const CutRequest& request);
  void committed();
  void rolled_back();

  // From now on keeps each committed row for `tell_tail`, which passes all of them on.
  void follow(std::function<void(std::vector<AuditRow>)> tail) { tail_ = std::move(tail); }
  void tell_tail();

  // The committed cut.
  [[nodiscard]] const AuditCut& beginning() const noexcept { return cut_; }
  // The cut that the file names; nullopt: its newest line about that cannot be read.
  [[nodiscard]] std::optional<AuditCut> stored_beginning();
  // Within a transaction: deletes so many rows that were cut away. True: none remains.
  bool sweep(std::uint64_t rows);

  // The newest committed row, as this process knows it.
  [[nodiscard]] const ChainHead& head() const noexcept { return head_; }
  // The newest row of the file.
  [[nodiscard]] ChainHead stored_head();
  [[nodiscard]] std::optional<schemas::Hash> hash_of(std::uint64_t number);
  // Calls `each` for the rows after `number`, up to and with `last`, in order, while it returns
  // true.
  void read(std::uint64_t number, std::uint64_t last, const std::function<bool(AuditRow)>& each);
  // Number of the first remaining line of an order that says that it was given; 0: there is none.
  [[nodiscard]] std::uint64_t line_of_order(const std::string& op_id);
  struct FindMax {
    std::uint64_t rows = 0;
    std::size_t bytes = 0;  // of their texts; ends behind the row that reaches it
  };
  // The matching rows in after < number ≤ last, in the order that the query wants.
  [[nodiscard]] std::vector<AuditRow> find(const AuditQuery& query, std::uint64_t after,
                                           std::uint64_t last, FindMax max);

 private:
  SQLite::Statement insert_;
  SQLite::Statement newest_;
  SQLite::Statement hash_of_;
  SQLite::Statement range_;
  SQLite::Statement oldest_first_;
  SQLite::Statement newest_first_;
  SQLite::Statement oldest_first_of_;  // one order
  SQLite::Statement newest_first_of_;
  SQLite::Statement given_;
  SQLite::Statement newest_cut_;
  SQLite::Statement oldest_;
  SQLite::Statement sweep_;
  ChainHead head_;
  ChainHead tip_;  // with the rows of the open transaction
  AuditCut cut_;
  AuditCut tip_cut_;  // likewise
  std::function<void(std::vector<AuditRow>)> tail_;
  std::vector<AuditRow> written_;  // for it: some transactions' rows, until the end of a turn
  std::size_t committed_ = 0;      // of them
};

}  // namespace estop::control
