// SPDX-License-Identifier: Apache-2.0

// How far a campaign has come through its rows, and which row is next.
//
// Rows are confirmed out of order, because several are under way at once. What is kept as the
// checkpoint is the row up to which everything is confirmed, and the few confirmed ones beyond it.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "schemas/result.h"

namespace estop::incident {

class Progress {
 public:
  // `window`: rows under way at once at most, from 1.
  Progress(std::size_t rows, std::size_t window) : rows_(rows), window_(window) {}
  // From text(), perhaps of another process. What was under way there is not known to have
  // happened, so it is taken again. kMalformed: not such a text, or not of so many rows.
  [[nodiscard]] static schemas::Result<Progress> restore(std::string_view text, std::size_t rows,
                                                         std::size_t window);
  [[nodiscard]] std::string text() const;

  // The next row to work on, now under way; nullopt: the window is full or nothing is left.
  [[nodiscard]] std::optional<std::size_t> take();
  // The end of a row that is under way:
  void confirm(std::size_t row);    // done
  void release(std::size_t row);    // not known to be done: will be taken again
  void set_aside(std::size_t row);  // only a person can tell: never taken again

  [[nodiscard]] bool complete() const;  // every row is confirmed or set aside
  [[nodiscard]] std::size_t confirmed() const;
  [[nodiscard]] std::size_t under_way() const { return under_way_.size(); }
  [[nodiscard]] std::size_t aside() const { return aside_.size(); }

 private:
  // A row that keeps failing must not let the list beyond it grow without end.
  [[nodiscard]] std::size_t span_max() const { return window_ * 32; }
  void settle(std::size_t row);
  void skip_settled();

  std::size_t rows_;
  std::size_t window_;
  std::size_t low_ = 0;           // every row below is confirmed or set aside
  std::size_t next_ = 0;          // the lowest row that was never taken
  std::set<std::size_t> beyond_;  // confirmed or set aside, at or above low_
  std::set<std::size_t> aside_;
  std::set<std::size_t> under_way_;
  std::deque<std::size_t> again_;
};

}  // namespace estop::incident
