// The registry: who announced itself. Of those that are past an address keeps the newest few.
#pragma once

#include <vector>

#include "control/recorder/rows.h"
#include "control/recorder/statement.h"

namespace estop::control {

inline constexpr std::uint64_t kStoredPastMax = 64;  // per address

// SQLite::Exception from every member.
class AgentTable {
 public:
  explicit AgentTable(SQLite::Database& connection);

  void put(const StoredAgent& agent);  // keeps the first `first_seen_ms`
  // By address and instance; of an address at most as many as may live, and the newest past ones.
  [[nodiscard]] std::vector<StoredAgent> load();

 private:
  SQLite::Statement put_;
  SQLite::Statement all_;
  SQLite::Statement forget_;
};

}  // namespace estop::control
