// SPDX-License-Identifier: Apache-2.0

// The state that a control log adds up to: the kills that hold, the newest life of each scope, the
// bridges that joined. A snapshot is this state behind one record, so that a reader can skip the
// records before it.
//
// Control and bridges each fold the records that they read with this class, and compare the result
// with the state by which they act: it shares no code with HoldIndex, the gate of a bridge or
// control's latches. The same records give the same bytes. It grows with the kills that hold and
// with the scopes that were ever resumed, and forgets lifted kills. Pure, not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "schemas/record.h"
#include "schemas/result.h"

namespace estop::schemas {

// A part of the state, as one record holds it. A kill is its signed record.
struct StateEntries {
  struct Life {
    Scope scope;
    std::uint64_t incarnation = 0;
    friend bool operator==(const Life&, const Life&) = default;
  };
  std::vector<Bytes> kills{};
  std::vector<Life> lives{};
  std::vector<BridgeJoined> joined{};
  friend bool operator==(const StateEntries&, const StateEntries&) = default;
};

class LogState {
 public:
  using Place = std::pair<std::uint64_t, std::uint64_t>;  // epoch and seq of a record
  using Kills = std::map<Place, SignedRecord>;

  // The next record of the log. The caller has checked that it follows the one before.
  void apply(const SignedRecord& record);

  // The encoded parts: each at most kSnapshotPartMax_bytes, at least one, in the order that `from`
  // expects.
  [[nodiscard]] std::vector<Bytes> parts() const;
  // kMalformed and the like: a part cannot be read, or holds a record that is no kill.
  [[nodiscard]] static Result<LogState> from(const std::vector<Bytes>& parts);

  // By the text of their scope; every scope here has at least one kill.
  [[nodiscard]] const std::map<std::string, Kills>& kills() const noexcept { return kills_; }
  // The newest incarnation of each scope that was ever resumed, by its text.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& lives() const noexcept {
    return lives_;
  }
  // By name and process.
  [[nodiscard]] const std::map<std::pair<std::string, Process>, BridgeJoined>& joined()
      const noexcept {
    return joined_;
  }
  [[nodiscard]] std::size_t size() const;  // how many kills

 private:
  void hold(const SignedRecord& kill);
  void lift(const Resume& resume);

  std::map<std::string, Kills> kills_;
  std::map<std::string, std::uint64_t> lives_;
  std::map<std::pair<std::string, Process>, BridgeJoined> joined_;
};

// SHA-256 over the parts, one behind the other.
[[nodiscard]] Hash digest_of_parts(const std::vector<Bytes>& parts);

}  // namespace estop::schemas
