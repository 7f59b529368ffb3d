// SPDX-License-Identifier: Apache-2.0

// The control log in the database: signed frames, stored as they were published.
#pragma once

#include <vector>

#include "control/recorder/statement.h"
#include "schemas/messages.h"
#include "schemas/result.h"

namespace estop::control {

// What the table keeps of a SignedRecord.
struct StoredRecord {
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;
  std::uint64_t term = 0;
  schemas::RecordKind kind = schemas::RecordKind::kKill;
  std::string op_id;
  schemas::Hash hash{};
  schemas::Bytes frame;
};
[[nodiscard]] StoredRecord stored(const schemas::SignedRecord& signed_record);

// SQLite::Exception from every member.
class RecordTable {
 public:
  explicit RecordTable(SQLite::Database& connection);

  enum class Added : std::uint8_t {
    kNew,
    kKnown,    // the same record is there
    kAnother,  // another record is there: nothing was written
  };
  [[nodiscard]] Added add(const StoredRecord& record);

  // The newest `limit` records, or all for 0, in order. kMalformed, kChainBroken: something changed
  // a stored frame, or a record does not follow the one before it (where that one is there too).
  [[nodiscard]] schemas::Result<std::vector<schemas::SignedRecord>> load(std::uint64_t limit);

 private:
  SQLite::Statement find_;
  SQLite::Statement insert_;
  SQLite::Statement newest_;
};

}  // namespace estop::control
