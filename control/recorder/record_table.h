// SPDX-License-Identifier: Apache-2.0

// The control log in the database: signed frames, stored as they were published.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/recorder/rows.h"
#include "control/recorder/statement.h"
#include "schemas/messages.h"
#include "schemas/result.h"

namespace estop::control {

// The columns of a SignedRecord.
struct StoredRecord {
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;
  std::uint64_t term = 0;
  schemas::RecordKind kind = schemas::RecordKind::kKill;
  std::string op_id;
  schemas::Hash hash{};
  schemas::Bytes frame;
  std::string scope;  // of an order; empty: it is none
  std::uint64_t issued_at_ms = 0;
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

  // See StoredLog. Errors of load().
  [[nodiscard]] schemas::Result<StoredLog> load_log();

  // The newest `limit` records, or all for 0, in order. kMalformed, kChainBroken: something changed
  // a stored frame, or a record does not follow the one before it (where that one is there too).
  [[nodiscard]] schemas::Result<std::vector<schemas::SignedRecord>> load(std::uint64_t limit);

  // The newest kill or resume of this op id, without its audit number. kMalformed, kChainBroken as
  // load().
  [[nodiscard]] schemas::Result<std::optional<FoundOrder>> find_order(const std::string& op_id);
  // The record of this place, and what lifted it if it is a kill. kNotFound; errors of load().
  [[nodiscard]] schemas::Result<FoundOrder> order_at(std::uint64_t epoch, std::uint64_t seq);
  // At open: whether there are records of an Estop that kept no index of orders. Until these are
  // entered, the table keeps and finds no order: a part would be taken for the whole.
  [[nodiscard]] bool lacks_orders();
  [[nodiscard]] schemas::Result<void> enter_orders();  // within a transaction; errors of load()
  void has_orders(bool has) noexcept { has_orders_ = has; }

 private:
  SQLite::Statement find_;
  SQLite::Statement insert_;
  SQLite::Statement newest_;
  SQLite::Statement enter_;
  SQLite::Statement order_of_;
  SQLite::Statement resumes_;

  SQLite::Statement at_;
  SQLite::Statement snapshots_;
  SQLite::Statement count_;
  SQLite::Statement from_;
  SQLite::Statement older_;
  SQLite::Statement lacking_;
  bool has_orders_ = true;

  void enter(const StoredRecord& record);
  [[nodiscard]] schemas::Result<schemas::Head> newest_start();
  [[nodiscard]] schemas::Result<void> find_lift(FoundOrder& kill);
};

}  // namespace estop::control
