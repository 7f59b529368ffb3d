// SPDX-License-Identifier: Apache-2.0

// What happens when: the queue of future events. Events of one instant happen in the order in which
// they were made, so a run depends on nothing but its seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "tests/sim/time.h"

namespace estop::sim {

class Timeline {
 public:
  using Action = std::function<void()>;

  [[nodiscard]] Nanos now() const noexcept { return now_; }
  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
  // Not before now.
  void at(Nanos when, Action action);
  void after(Nanos delay, Action action) { at(now_ + delay, std::move(action)); }
  // The next event. False: there is none.
  bool step();

 private:
  struct Event {  // small, for the heap moves it often
    Nanos at = 0;
    std::uint64_t made = 0;
    std::size_t action = 0;  // its place in actions_
  };
  static bool is_later(const Event& a, const Event& b) noexcept {
    return a.at != b.at ? a.at > b.at : a.made > b.made;
  }

  Nanos now_ = 0;
  std::uint64_t made_ = 0;
  std::uint64_t steps_ = 0;
  std::vector<Event> events_;  // a heap, the next one first
  std::vector<Action> actions_;
  std::vector<std::size_t> free_;  // places in actions_
};

}  // namespace estop::sim
