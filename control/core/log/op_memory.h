// SPDX-License-Identifier: Apache-2.0

// What the leader remembers of op ids: of orders that are under way or hold, everything; of those
// that ended, the newest. Of older ones only that they may have been used: the recorder knows the
// rest. Pure.
//
// An op id that was used is never taken for a new one. One that was not is taken for a used one
// rarely (once in thousands up to a million that were forgotten, once in 25 at five): then the
// recorder is asked in vain.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "control/core/log/log_entry.h"

namespace estop::control {

inline constexpr std::size_t kEndedOpsKept = 65'536;
inline constexpr std::size_t kForgottenOps_bits = 1U << 25;  // 4 MiB, once the first is forgotten
inline constexpr std::size_t kForgottenAtOnce = 16'384;      // every kRetry_us
inline constexpr std::size_t kUnusedOpsKept = 1'024;

class OpMemory {
 public:
  explicit OpMemory(std::size_t ended_max = kEndedOpsKept) : ended_max_(ended_max) {}

  [[nodiscard]] const OpState* find(const std::string& op_id) const;
  [[nodiscard]] OpState* find(const std::string& op_id);
  OpState& operator[](const std::string& op_id) { return ops_[op_id].state; }
  // Its order is over: a kill that was lifted, any other record that is applied.
  void ended(const std::string& op_id);
  // Forgets of those that ended, beyond the bound, the oldest; at most so many.
  void forget(std::size_t most);

  // It was used, and only the recorder knows what for.
  void forgotten(const std::string& op_id);
  // Not remembered, and perhaps used before: what the recorder says is to be given to `recall`, or
  // to `never_used`.
  [[nodiscard]] bool may_be_forgotten(const std::string& op_id) const;
  void recall(const std::string& op_id, OpState state);
  void never_used(const std::string& op_id);
  [[nodiscard]] std::size_t size() const { return ops_.size(); }

 private:
  struct Op {
    OpState state;
    bool has_ended = false;
  };
  std::unordered_map<std::string, Op> ops_;
  std::deque<std::string> ended_;  // the oldest first
  std::size_t ended_max_;
  std::vector<bool> forgotten_;     // a Bloom filter; empty: nothing was forgotten
  std::deque<std::string> unused_;  // what the recorder was asked for in vain, the newest last
};

}  // namespace estop::control
