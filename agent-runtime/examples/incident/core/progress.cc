// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/core/progress.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace estop::incident {
namespace {

using schemas::Errc;

// A list of different rows in [from, to); nullopt: it is none.
std::optional<std::set<std::size_t>> read_rows(const nlohmann::json& list, std::size_t from,
                                               std::size_t to) {
  if (!list.is_array()) return std::nullopt;
  std::set<std::size_t> rows;
  for (const auto& item : list) {
    if (!item.is_number_unsigned()) return std::nullopt;
    const auto row = item.get<std::size_t>();
    if (row < from || row >= to || !rows.insert(row).second) return std::nullopt;
  }
  return rows;
}

}  // namespace

schemas::Result<Progress> Progress::restore(std::string_view text, std::size_t rows,
                                            std::size_t window) {
  const auto malformed = [](const char* what) { return schemas::fail(Errc::kMalformed, what); };
  const auto object = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || !object.contains("below") || !object["below"].is_number_unsigned() ||
      !object.contains("beyond") || !object.contains("aside") || !object.contains("rows")) {
    return malformed("the checkpoint is not one of a campaign");
  }
  Progress made(rows, window);
  made.low_ = object["below"].get<std::size_t>();
  if (object["rows"] != rows || made.low_ > rows) {
    return malformed("the checkpoint is of another list of customers");
  }
  auto beyond = read_rows(object["beyond"], made.low_, rows);
  auto aside = read_rows(object["aside"], 0, rows);
  if (!beyond || !aside) return malformed("the checkpoint lists rows that cannot be");
  made.beyond_ = std::move(*beyond);
  made.aside_ = std::move(*aside);
  made.next_ = made.low_;
  made.skip_settled();
  return made;
}

std::string Progress::text() const {
  return nlohmann::json{{"rows", rows_}, {"below", low_}, {"beyond", beyond_}, {"aside", aside_}}
      .dump();
}

std::optional<std::size_t> Progress::take() {
  if (under_way_.size() >= window_) return std::nullopt;
  std::size_t row = 0;
  if (!again_.empty()) {
    row = again_.front();
    again_.pop_front();
  } else {
    skip_settled();
    if (next_ >= rows_ || next_ - low_ >= span_max()) return std::nullopt;
    row = next_++;
  }
  under_way_.insert(row);
  return row;
}

void Progress::confirm(std::size_t row) {
  if (under_way_.erase(row) != 0) settle(row);
}

void Progress::release(std::size_t row) {
  if (under_way_.erase(row) != 0) again_.push_back(row);
}

void Progress::set_aside(std::size_t row) {
  if (under_way_.erase(row) == 0) return;
  aside_.insert(row);
  settle(row);
}

bool Progress::complete() const {
  return low_ == rows_;
}

std::size_t Progress::confirmed() const {
  return low_ + beyond_.size() - aside_.size();
}

void Progress::settle(std::size_t row) {
  beyond_.insert(row);
  while (!beyond_.empty() && *beyond_.begin() == low_) {
    beyond_.erase(beyond_.begin());
    ++low_;
  }
}

void Progress::skip_settled() {
  next_ = std::max(next_, low_);
  while (next_ < rows_ && beyond_.contains(next_)) ++next_;
}

}  // namespace estop::incident
