#include "tests/sim/timeline.h"

#include <algorithm>
#include <utility>

namespace estop::sim {

void Timeline::at(Nanos when, Action action) {
  events_.push_back({std::max(when, now_), ++made_, std::move(action)});
  std::push_heap(events_.begin(), events_.end(), is_later);
}

bool Timeline::step() {
  if (events_.empty()) return false;
  std::pop_heap(events_.begin(), events_.end(), is_later);
  const Event event = std::move(events_.back());
  events_.pop_back();
  now_ = event.at;
  ++steps_;
  event.action();
  return true;
}

}  // namespace estop::sim
