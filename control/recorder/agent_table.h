// The registry: every instance that ever announced itself.
#pragma once

#include <vector>

#include "control/recorder/rows.h"
#include "control/recorder/statement.h"

namespace estop::control {

// SQLite::Exception from every member.
class AgentTable {
 public:
  explicit AgentTable(SQLite::Database& connection);

  void put(const StoredAgent& agent);             // keeps the first `first_seen_ms`
  [[nodiscard]] std::vector<StoredAgent> load();  // by address and instance

 private:
  SQLite::Statement put_;
  SQLite::Statement all_;
};

}  // namespace estop::control
