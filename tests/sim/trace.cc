// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/trace.h"

#include <fmt/format.h>

namespace estop::sim {

void Trace::keep(Nanos now, std::string text) {
  std::string line = fmt::format("{:>12.6f} {}", static_cast<double>(now) / 1e9, text);
  if (out_ != nullptr) *out_ << line << '\n';
  if (lines_ == kAll) return;
  tail_.push_back(std::move(line));
  if (tail_.size() > lines_) tail_.pop_front();
}

}  // namespace estop::sim
