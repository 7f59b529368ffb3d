// SPDX-License-Identifier: Apache-2.0

// Checks the lines of exports one by one: it computes each entry's hash anew, and each entry must
// follow the one before it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "schemas/messages.h"
#include "schemas/result.h"

namespace estop::cli {

class ExportChain {
 public:
  // Remembers the hash of the entry `marked`, too; 0: of none.
  explicit ExportChain(std::uint64_t marked = 0) : marked_(marked) {}

  // kMalformed, kChainBroken, kTooLarge: the error names the entry that does not fit, and what to
  // do.
  [[nodiscard]] schemas::Result<void> take(std::string_view line);

  [[nodiscard]] bool is_empty() const { return last_ == 0; }
  [[nodiscard]] std::uint64_t first() const { return first_; }
  [[nodiscard]] std::uint64_t last() const { return last_; }
  [[nodiscard]] const schemas::Hash& hash() const { return hash_; }  // of the last one
  // The hash of the entry `marked`, or the one that the first entry names for it. nullopt: there
  // was no such entry.
  [[nodiscard]] const std::optional<schemas::Hash>& marked_hash() const { return marked_hash_; }

 private:
  std::uint64_t marked_;
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
  schemas::Hash hash_{};
  std::optional<schemas::Hash> marked_hash_;
};

}  // namespace estop::cli
