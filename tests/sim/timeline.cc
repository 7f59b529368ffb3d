// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/timeline.h"

#include <algorithm>
#include <utility>

namespace estop::sim {

void Timeline::at(Nanos when, Action action) {
  std::size_t place = actions_.size();
  if (free_.empty()) {
    actions_.push_back(std::move(action));
  } else {
    place = free_.back();
    free_.pop_back();
    actions_[place] = std::move(action);
  }
  events_.push_back({std::max(when, now_), ++made_, place});
  std::push_heap(events_.begin(), events_.end(), is_later);
}

bool Timeline::step() {
  if (events_.empty()) return false;
  std::pop_heap(events_.begin(), events_.end(), is_later);
  const Event event = events_.back();
  events_.pop_back();
  const Action action = std::exchange(actions_[event.action], {});
  free_.push_back(event.action);
  now_ = event.at;
  ++steps_;
  action();
  return true;
}

}  // namespace estop::sim
