// SPDX-License-Identifier: Apache-2.0

// Effects: the actions of an agent in the outside world, certain or possible. This table prevents
// that one happens twice.
//
//   none --begin--> begun --finish--> finished        begun --abandon (its own)--> none
// A begun effect whose process is gone stays begun: nobody can know from here whether it was
// carried out.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "control/recorder/rows.h"
#include "control/recorder/statement.h"

namespace estop::control {

// SQLite::Exception from every member. See Recorder::store for the meaning of each answer.
class EffectTable {
 public:
  explicit EffectTable(SQLite::Database& connection);

  struct Life {           // who asks
    std::string address;  // org/workspace/name
    std::string instance;
    std::uint64_t incarnation = 0;
  };
  [[nodiscard]] schemas::StoreReply begin(const Life& life, const std::string& key,
                                          std::uint64_t now_ms);
  [[nodiscard]] schemas::StoreReply finish(const Life& life, const std::string& key,
                                           const schemas::Bytes& outcome, std::uint64_t now_ms);
  [[nodiscard]] schemas::StoreReply abandon(const Life& life, const std::string& key);

  // Begun and not finished, oldest first; for an empty address those of all agents.
  [[nodiscard]] std::vector<AmbiguousEffect> begun(const std::string& address);

  // Drops the counts of the transaction, which was not written.
  void rolled_back() noexcept { keys_.clear(); }

 private:
  struct Row {
    schemas::EffectState state = schemas::EffectState::kNone;
    std::string instance;
    std::uint64_t incarnation = 0;
    std::uint64_t begun_at_ms = 0;
    schemas::Bytes outcome;
  };
  [[nodiscard]] Row find(const std::string& address, const std::string& key);
  [[nodiscard]] static schemas::StoreReply ambiguous(const Row& row);
  struct Keys {
    std::uint64_t count = 0;
    std::uint64_t no_room_until_ms = 0;  // nothing old enough was found
  };
  [[nodiscard]] Keys& keys_of(const std::string& address);
  [[nodiscard]] bool make_room(const std::string& address, std::uint64_t now_ms);

  SQLite::Statement find_;
  SQLite::Statement begin_;
  SQLite::Statement finish_;
  SQLite::Statement abandon_;
  SQLite::Statement begun_;
  SQLite::Statement count_;
  SQLite::Statement forget_;
  std::map<std::string, Keys> keys_;  // by address; counting them anew costs milliseconds
};

}  // namespace estop::control
