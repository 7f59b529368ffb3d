// SPDX-License-Identifier: Apache-2.0

// The audit lines that agents cause. An agent can announce itself thousands of times a second, and
// the audit is never shortened. So control writes a bounded number of lines a minute for each
// address and kind; it counts the rest and writes one line with their number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "control/core/events.h"

namespace estop::control {

inline constexpr std::uint64_t kAgentLinesMax = 100;  // of an address and kind in a window
inline constexpr std::uint64_t kAgentLines_us = 60'000'000;
inline constexpr std::size_t kAuditSumsMax = 16'384;  // addresses and kinds; beyond: one for all

class AuditSums {
 public:
  // False: it is counted instead of written.
  [[nodiscard]] bool writes(const std::string& kind, const std::string& address,
                            std::uint64_t now_us);

  struct Sum {
    std::string kind;
    std::string address;  // empty: several
    std::uint64_t more = 0;
  };
  // Of windows that are over.
  [[nodiscard]] std::vector<Sum> take(std::uint64_t now_us);

 private:
  struct Window {
    std::uint64_t until_us = 0;
    std::uint64_t lines = 0;
  };
  std::map<std::pair<std::string, std::string>, Window> windows_;  // by kind and address
};

}  // namespace estop::control
