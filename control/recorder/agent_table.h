// SPDX-License-Identifier: Apache-2.0

// The registry: the instances that announced themselves. Of the past ones an address keeps the
// newest few, for kPastInstances_ms.
#pragma once

#include <cstdint>
#include <vector>

#include "control/recorder/rows.h"
#include "control/recorder/statement.h"

namespace estop::control {

// SQLite::Exception from every member.
class AgentTable {
 public:
  explicit AgentTable(SQLite::Database& connection);

  // Keeps the first `first_seen_ms`. Once an hour, by the times that agents bring along, it also
  // forgets past instances of all addresses.
  void put(const StoredAgent& agent);
  // By address and instance. Of an address at most as many as may live, and the newest past ones.
  [[nodiscard]] std::vector<StoredAgent> load();

 private:
  void forget_old(std::uint64_t now_ms);

  SQLite::Statement put_;
  SQLite::Statement all_;
  SQLite::Statement forget_;
  SQLite::Statement forget_old_;
  std::uint64_t next_sweep_ms_ = 0;
};

}  // namespace estop::control
