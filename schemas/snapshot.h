// SPDX-License-Identifier: Apache-2.0

// Begins in the middle of a log: reads the parts of a snapshot, checks them against the snapshot's
// digest, and keeps the records between them. Pure, not thread-safe.
#pragma once

#include <vector>

#include "schemas/log_state.h"

namespace estop::schemas {

// Whether this record is part 0 of a snapshot: the log may be read from here on.
[[nodiscard]] bool begins_snapshot(const Record& record);
// The record whose state a snapshot with this part 0 holds.
[[nodiscard]] Head place_before(const Record& part);

class SnapshotStart {
 public:
  // `first` is part 0.
  explicit SnapshotStart(const SignedRecord& first);

  // Takes the next record of the log, until the snapshot is whole. kChainBroken: its parts do not
  // match it; kMalformed and the like: they cannot be read.
  [[nodiscard]] Result<void> take(const SignedRecord& record);
  [[nodiscard]] bool is_whole() const noexcept { return is_whole_; }
  // Once it is whole: the state behind the place, and the records that the log added since, in
  // order.
  [[nodiscard]] const LogState& state() const noexcept { return state_; }
  [[nodiscard]] const std::vector<SignedRecord>& between() const noexcept { return between_; }

 private:
  Head place_;
  std::vector<Bytes> parts_;
  std::vector<SignedRecord> between_;
  LogState state_;
  bool is_whole_ = false;
};

}  // namespace estop::schemas
