// SPDX-License-Identifier: Apache-2.0

// Lets records go that nobody reads any more: what stands before the snapshot before the newest
// one. A kill stays while it holds and for kOrdersKept_days after it was lifted, as records tell
// the time; a resume as long as that, and the newest one of its scope for good.
#pragma once

#include <cstdint>

#include "control/recorder/record_table.h"

namespace estop::control {

inline constexpr std::uint64_t kOrdersKept_days = 30;  // after the resume

// SQLite::Exception from every member.
class RecordSweep {
 public:
  // `records` outlives it.
  RecordSweep(SQLite::Database& connection, RecordTable& records);

  // A new snapshot.
  void snapshot_stored(const StoredRecord& snapshot);
  [[nodiscard]] bool is_due() const noexcept { return before_.seq != 0; }
  // Looks at so many rows, and deletes what may go; in a transaction. kMalformed, kChainBroken: a
  // stored frame was changed; then nothing more goes before the next snapshot.
  [[nodiscard]] schemas::Result<void> step(std::uint64_t rows);

 private:
  struct Row {
    std::uint64_t epoch = 0;
    std::uint64_t seq = 0;
    schemas::RecordKind kind = schemas::RecordKind::kKill;
    std::string op_id;
  };
  [[nodiscard]] std::vector<Row> next_rows(std::uint64_t most);
  [[nodiscard]] schemas::Result<bool> may_go(const Row& row);
  void remove(const Row& row);

  RecordTable& records_;
  SQLite::Statement older_snapshot_;
  SQLite::Statement begin_;
  SQLite::Statement rows_;
  SQLite::Statement newer_;
  SQLite::Statement forget_;
  SQLite::Statement delete_;
  schemas::Head before_{};    // what stands before this place may go; seq 0: nothing is to be done
  schemas::Head at_{};        // the newest row that was looked at
  std::uint64_t now_ms_ = 0;  // as the newest snapshot tells it
};

}  // namespace estop::control
