// SPDX-License-Identifier: Apache-2.0

// The kills that resumes have lifted. Such a kill has no effect when it comes again, as a late or
// repeated order. The oldest are forgotten, by age and by number; if a forgotten kill comes again
// it acts, and control ends it by a record. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <utility>

#include "schemas/address.h"

namespace estop::bridge {

class LiftedOps {
 public:
  static constexpr std::size_t kLiftedMax = 65'536;
  static constexpr std::uint64_t kLiftedKept_days = 30;
  static constexpr std::uint64_t kKept_ms = kLiftedKept_days * 24 * 3'600 * 1'000;

  void add(const std::string& op_id, const schemas::Scope& scope, std::uint64_t lifted_ms) {
    if (!ops_.insert({op_id, scope.text()}).second) return;
    in_order_.push_back({{op_id, scope.text()}, lifted_ms});
    if (in_order_.size() > kLiftedMax) forget_oldest();
  }
  [[nodiscard]] bool contains(const std::string& op_id, const schemas::Scope& scope) const {
    return ops_.contains({op_id, scope.text()});
  }
  // Forgets kills that were lifted more than kKept_ms before this time, by the time of the records.
  void forget_old(std::uint64_t now_ms) {
    while (!in_order_.empty() && in_order_.front().second + kKept_ms < now_ms) forget_oldest();
  }
  // It holds again.
  void remove(const std::string& op_id, const schemas::Scope& scope) {
    if (ops_.erase({op_id, scope.text()}) == 0) return;
    std::erase_if(in_order_,
                  [&](const auto& one) { return one.first == std::pair(op_id, scope.text()); });
  }
  [[nodiscard]] std::size_t size() const noexcept { return ops_.size(); }

 private:
  using Op = std::pair<std::string, std::string>;  // op id, text of the scope
  void forget_oldest() {
    ops_.erase(in_order_.front().first);
    in_order_.pop_front();
  }

  std::set<Op> ops_;
  std::deque<std::pair<Op, std::uint64_t>> in_order_;  // with the time of the resume, oldest first
};

}  // namespace estop::bridge
