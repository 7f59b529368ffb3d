// SPDX-License-Identifier: Apache-2.0

// The hashes of the log's newest records, without a gap. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "schemas/invariant.h"
#include "schemas/record.h"

namespace estop::control {

class LogHashes {
 public:
  // The number of the newest record; 0: the log is empty.
  [[nodiscard]] std::uint64_t last() const noexcept { return before_ + hashes_.size(); }
  [[nodiscard]] bool empty() const noexcept { return last() == 0; }
  // Of the newest; of an empty log zero.
  [[nodiscard]] schemas::Hash newest() const {
    return hashes_.empty() ? schemas::Hash{} : hashes_.back();
  }
  // The oldest that it has.
  [[nodiscard]] std::uint64_t first() const noexcept { return before_ + 1; }
  [[nodiscard]] bool has(std::uint64_t seq) const noexcept {
    return seq > before_ && seq <= last();
  }
  // Of one that it has.
  [[nodiscard]] const schemas::Hash& operator[](std::uint64_t seq) const {
    schemas::ensure(has(seq), "the hash of a record that is remembered");
    return hashes_[static_cast<std::size_t>(seq - before_ - 1)];
  }
  void add(const schemas::Hash& hash) { hashes_.push_back(hash); }
  // Those of the records before this number.
  void forget_before(std::uint64_t seq) {
    for (; first() < seq && hashes_.size() > 1; ++before_) hashes_.pop_front();
  }
  // Of a log that is read from behind this record on.
  void begin_behind(const schemas::Head& place) {
    before_ = place.seq - 1;
    hashes_.assign(1, place.hash);
  }

 private:
  std::uint64_t before_ = 0;  // the number of the newest one that it does not have
  std::deque<schemas::Hash> hashes_;
};

}  // namespace estop::control
