// SPDX-License-Identifier: Apache-2.0

// When the leader writes a snapshot of the log, and what stands in it.
//
// It signs only what an independent replay gives: the log is folded here apart from the latches,
// and both have to say the same. The parts are written a few at a time, and only when nothing else
// is under way, so that a kill waits for no more than those few. A snapshot that was not ended
// before a restart is begun anew. Pure, not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/core/log/latches.h"
#include "control/core/log/log_entry.h"
#include "schemas/log_state.h"

namespace estop::control {

inline constexpr std::uint32_t kSnapshotEvery_records = 4'096;
inline constexpr std::uint32_t kSnapshotEveryMin_records = 16;
inline constexpr std::size_t kPartsAtOnce = 16;

class Snapshots {
 public:
  explicit Snapshots(std::uint64_t every) : every_(every) {}

  // The log begins with this state.
  void begin(schemas::LogState state) { state_ = std::move(state); }
  // The next record of the log, also one that is not committed yet.
  void entered(const schemas::SignedRecord& record);
  // It may be what bridges begin with.
  void applied(const schemas::Record& record);

  // Whether parts are to be written behind `head`, the log's newest record.
  [[nodiscard]] bool is_due(const schemas::Head& head) const;
  // What acts in another way than the log says, or would not be read; empty: nothing, and it may be
  // signed.
  [[nodiscard]] std::string difference(const Latches& latches, const JoinedBridges& joined) const;
  // What comes next, with its op id; the first call behind the last snapshot begins a new one.
  [[nodiscard]] schemas::Record next(const schemas::Head& head);
  [[nodiscard]] bool is_between_parts() const noexcept { return under_way_.has_value(); }

  // The number of part 0 of the newest one that is applied; 0: there is none.
  [[nodiscard]] std::uint64_t begins() const noexcept { return begins_; }
  // And its own number.
  [[nodiscard]] std::uint64_t ends() const noexcept { return ends_; }
  // Part 0 of the one before: nobody who has applied the newest one needs what stands before it. 0:
  // there is none.
  [[nodiscard]] std::uint64_t needless_before() const noexcept { return before_; }

 private:
  struct UnderWay {
    schemas::Head place;
    std::vector<schemas::Bytes> parts;
    schemas::Hash digest{};
    std::size_t written = 0;
  };

  std::uint64_t every_;
  schemas::LogState state_;
  std::optional<UnderWay> under_way_;
  std::uint64_t newest_ = 0;  // number of the newest snapshot, also one that is not applied yet
  std::uint64_t begins_ = 0;
  std::uint64_t ends_ = 0;
  std::uint64_t before_ = 0;
};

}  // namespace estop::control
