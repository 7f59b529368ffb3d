// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/latched_scopes.h"

#include <algorithm>

namespace estop::bridge {
namespace {

std::size_t depth(std::string_view tokens) noexcept {
  if (tokens.empty()) return 0;
  return 1 + static_cast<std::size_t>(std::count(tokens.begin(), tokens.end(), '.'));
}

}  // namespace

void LatchedScopes::add(const schemas::Scope& scope) {
  ++by_depth_[depth(scope.tokens())][scope.tokens()];
}

void LatchedScopes::remove(const schemas::Scope& scope) {
  Counts& counts = by_depth_[depth(scope.tokens())];
  const auto found = counts.find(scope.tokens());
  if (found == counts.end()) return;
  if (--found.value() == 0) counts.erase(found);
}

bool LatchedScopes::covers(std::string_view tokens) const {
  for (std::size_t at = depth(tokens); at > 0; --at, tokens = parent_tokens(tokens)) {
    const Counts& counts = by_depth_[at];
    if (!counts.empty() && counts.find(tokens) != counts.end()) return true;
  }
  return !by_depth_[0].empty();
}

}  // namespace estop::bridge
