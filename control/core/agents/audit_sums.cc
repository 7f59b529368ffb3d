// SPDX-License-Identifier: Apache-2.0
#include "control/core/agents/audit_sums.h"

namespace estop::control {

bool AuditSums::writes(const std::string& kind, const std::string& address, std::uint64_t now_us) {
  auto found = windows_.find({kind, address});
  if (found == windows_.end()) {
    const bool fits = windows_.size() < kAuditSumsMax;
    found = windows_.try_emplace({kind, fits ? address : std::string()}).first;
  }
  Window& window = found->second;
  if (window.until_us == 0) window.until_us = now_us + kAgentLines_us;
  return ++window.lines <= kAgentLinesMax;
}

std::vector<AuditSums::Sum> AuditSums::take(std::uint64_t now_us) {
  std::vector<Sum> sums;
  std::erase_if(windows_, [&](const auto& entry) {
    const auto& [kind_and_address, window] = entry;
    if (now_us < window.until_us) return false;
    if (window.lines > kAgentLinesMax) {
      sums.push_back(
          {kind_and_address.first, kind_and_address.second, window.lines - kAgentLinesMax});
    }
    return true;
  });
  return sums;
}

}  // namespace estop::control
