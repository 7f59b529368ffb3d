// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/repeats.h"

#include <algorithm>
#include <utility>

namespace estop::daemon {

Repeats::Verdict Repeats::see(const std::string& line, std::uint64_t now_ms) {
  if (line.size() > kLineMax_bytes) return {};
  const auto known =
      std::find_if(told_.begin(), told_.end(), [&](const Told& told) { return told.line == line; });
  if (known != told_.end() && now_ms - known->at_ms < kEvery_ms) {
    ++known->left_out;
    return {false, 0};
  }
  Verdict verdict;
  if (known != told_.end()) {
    verdict.left_out = known->left_out;
    told_.erase(known);
  }
  if (told_.size() >= kLinesMax) {
    Told& oldest = told_.front();
    if (oldest.left_out > 0) dropped_.push_back({std::move(oldest.line), oldest.left_out});
    told_.pop_front();
  }
  told_.push_back({line, now_ms, 0});
  return verdict;
}

std::vector<Repeats::Owed> Repeats::take_owed(std::uint64_t now_ms) {
  std::vector<Owed> owed = std::exchange(dropped_, {});
  while (!told_.empty() && now_ms - told_.front().at_ms >= kEvery_ms) {
    Told& oldest = told_.front();
    if (oldest.left_out > 0) owed.push_back({std::move(oldest.line), oldest.left_out});
    told_.pop_front();
  }
  return owed;
}

}  // namespace estop::daemon
