// SPDX-License-Identifier: Apache-2.0

// Counters of the writer thread that other threads read.
#pragma once

#include <atomic>
#include <cstdint>

namespace estop::control {

struct RecorderCounters {
  std::atomic<std::uint64_t> commits{0};
  std::atomic<std::uint64_t> rows{0};
  std::atomic<std::uint64_t> failures{0};
  std::atomic<std::uint64_t> owed{0};
  std::atomic<std::uint64_t> audit_head{0};
  std::atomic<std::uint64_t> commit_ns{0};
  // The outage that no gap line reports yet: its start (0: there is none), and how many audit lines
  // it cost.
  std::atomic<std::uint64_t> outage_since_ms{0};
  std::atomic<std::uint64_t> lost_lines{0};
  std::atomic<bool> healthy{true};

  void note_outage(std::uint64_t now_ms) noexcept {
    std::uint64_t none = 0;
    outage_since_ms.compare_exchange_strong(none, now_ms);
  }
};

}  // namespace estop::control
