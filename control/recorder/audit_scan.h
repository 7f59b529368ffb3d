// SPDX-License-Identifier: Apache-2.0

// Reads the audit in slices, so that a long read never delays a kill.
//
// Use of a scan: construct it, call `step` until it says that it is finished, take the result.
// Between two steps the writer thread commits the waiting works.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "control/recorder/audit_table.h"

namespace estop::control {

inline constexpr std::uint64_t kScanSlice_rows = 5'000;

// Rows that match a query, as of its start. Leaves out rows that are cut away meanwhile.
class AuditListing {
 public:
  AuditListing(AuditTable& table, AuditQuery query);
  [[nodiscard]] bool step();  // true: finished. SQLite::Exception
  [[nodiscard]] std::vector<AuditRow> take() { return std::move(rows_); }

 private:
  AuditTable& table_;
  AuditQuery query_;
  std::uint64_t low_;  // the rest: low_ < number ≤ high_
  std::uint64_t high_;
  std::vector<AuditRow> rows_;
  std::size_t bytes_ = 0;  // of their texts
};

// Recomputes the chain from after row `from` to the present head, and compares its end with the
// memory of this process and with the anchor.
class AuditVerification {
 public:
  AuditVerification(AuditTable& table, std::optional<ChainHead> anchor, std::uint64_t from = 0);
  [[nodiscard]] bool step();  // true: finished. SQLite::Exception
  [[nodiscard]] const AuditVerdict& verdict() const noexcept { return verdict_; }

 private:
  bool check_ends();  // anchor, beginning and head; false: finished
  bool check_anchor(const ChainHead& stored);
  bool check(AuditRow row);  // false: it does not fit
  bool bad(std::uint64_t number, std::string problem);

  AuditTable& table_;
  std::optional<ChainHead> anchor_;
  std::uint64_t from_;
  bool begun_ = false;
  ChainHead end_;
  ChainHead at_;  // the newest row that was found good
  AuditVerdict verdict_;
};

}  // namespace estop::control
