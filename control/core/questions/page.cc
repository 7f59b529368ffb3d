// SPDX-License-Identifier: Apache-2.0
#include "control/core/questions/page.h"

#include <algorithm>
#include <utility>

namespace estop::control {

namespace {

std::string cursor(std::string_view list, std::string_view key) {
  return std::string(list).append("/").append(key);
}

}  // namespace

Page::Page(const PageRequest& request)
    : after_(request.after),
      left_items_(std::clamp(request.limit, 1U, kPageMax_items)),
      is_behind_(request.after.empty()) {}

bool Page::wants(std::string_view list, std::string_view key) {
  if (is_full_) return false;
  std::string here = cursor(list, key);
  const std::string_view list_of_after = std::string_view(after_).substr(0, after_.find('/'));
  const bool is_in_that_list = !after_.empty() && list == list_of_after;
  is_behind_ = is_behind_ || is_in_that_list;
  if (!is_behind_ || (is_in_that_list && here <= after_)) return false;
  wanted_ = std::move(here);
  if (left_items_ > 0) return true;
  is_full_ = true;
  next_ = last_;
  return false;
}

bool Page::takes(std::size_t bytes) {
  if (bytes > left_bytes_ && !is_empty_) {
    is_full_ = true;
    next_ = last_;
    return false;
  }
  is_empty_ = false;
  left_bytes_ -= std::min(bytes, left_bytes_);
  --left_items_;
  last_ = wanted_;
  return true;
}

}  // namespace estop::control
