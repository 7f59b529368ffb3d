// SPDX-License-Identifier: Apache-2.0
#include "control/cli/feed.h"

#include <algorithm>

namespace estop::cli {

FeedPlace::FeedPlace(std::optional<std::uint64_t> after)
    : last_(after), read_from_(after.value_or(0)), is_behind_(after.has_value()) {}

bool FeedPlace::takes(std::uint64_t number) {
  if (number == 0) return true;
  const bool is_first = !last_;
  // An audit that was brought back from a copy begins again: its numbers were there before.
  const bool is_again = last_ && number <= *last_ && number <= read_from_;
  if (!is_behind_ && (is_first || is_again || number == *last_ + 1)) {
    last_ = newest_ = number;
    read_from_ = number;
    return true;
  }
  if (number > *last_) {
    newest_ = std::max(newest_, number);
    is_behind_ = true;
  }
  return false;
}

void FeedPlace::was_away() {
  is_behind_ = last_.has_value();
}

void FeedPlace::begins_at(std::uint64_t newest) {
  if (last_) return;
  last_ = read_from_ = newest;
}

void FeedPlace::took(std::uint64_t number) {
  last_ = std::max(last_.value_or(0), number);
}

// What was heard of is in the audit. If it is not there, it is not asked for again and again.
void FeedPlace::caught_up() {
  const bool has_moved = asked_ != last_ || heard_of_ != newest_;
  asked_ = last_;
  heard_of_ = newest_;
  is_behind_ = newest_ > last_.value_or(0) && has_moved;
}

}  // namespace estop::cli
