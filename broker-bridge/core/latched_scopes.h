// SPDX-License-Identifier: Apache-2.0

// The scopes that are under a kill, as plain text: a second opinion on the gate.
//
// The gate finds kills by walking its tree. Right before an intent leaves, this index is asked by
// name instead, so that a defect of the tree would be seen (and counted as after_fence) and not
// only believed away. Not thread-safe.
#pragma once

#include <tsl/robin_map.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "broker-bridge/core/scope_tree.h"
#include "schemas/address.h"

namespace estop::bridge {

class LatchedScopes {
 public:
  void add(const schemas::Scope& scope);
  void remove(const schemas::Scope& scope);
  // Whether a kill covers `tokens`: an address or an address and its instance.
  [[nodiscard]] bool covers(std::string_view tokens) const;

 private:
  struct Equal {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const noexcept { return a == b; }
  };
  using Counts = tsl::robin_map<std::string, std::uint32_t, TokensHash, Equal>;

  std::array<Counts, 5> by_depth_;  // index: number of tokens
};

}  // namespace estop::bridge
