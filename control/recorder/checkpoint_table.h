// SPDX-License-Identifier: Apache-2.0

// Checkpoints: per address a few keys, each with a version that a writer must know to replace it.
#pragma once

#include <optional>
#include <vector>

#include "control/recorder/statement.h"
#include "schemas/messages.h"

namespace estop::control {

// SQLite::Exception from every member. `address` is `org/workspace/name`.
class CheckpointTable {
 public:
  explicit CheckpointTable(SQLite::Database& connection);

  // Compare-and-set, see Recorder::store.
  [[nodiscard]] schemas::StoreReply put(const std::string& address,
                                        const schemas::StoreRequest& request, std::uint64_t now_ms);
  [[nodiscard]] schemas::StoreReply get(const std::string& address, const std::string& key);
  [[nodiscard]] std::vector<schemas::CheckpointInfo> list(const std::string& address);

 private:
  [[nodiscard]] std::uint64_t version_of(const std::string& address, const std::string& key);
  [[nodiscard]] std::uint64_t keys_of(const std::string& address);

  SQLite::Statement version_;
  SQLite::Statement count_;
  SQLite::Statement put_;
  SQLite::Statement get_;
  SQLite::Statement list_;
};

// kBadArgument or kTooLarge for a key that is empty or above kKeyMax_bytes; nothing for a good one.
[[nodiscard]] std::optional<schemas::StoreReply> refuse_key(const std::string& key);

}  // namespace estop::control
