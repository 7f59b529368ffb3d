// SPDX-License-Identifier: Apache-2.0

// Which deliveries of other agents may still be handled after a kill of their sender.
//
// The bridge is the gate; this covers the short time in which an intent that passed before the
// fence is still on its way here. A kill shuts its scope out for `window`, longer than any fence
// takes; a resume within that time lets only the new incarnation in. Pure, not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>

#include "agent-runtime/core/obedience_types.h"
#include "schemas/holds.h"

namespace estop::agent {

class PeerKills {
 public:
  explicit PeerKills(BootTime window = std::chrono::milliseconds{schemas::kBridgeLease_ms},
                     std::size_t kills_max = 4'096)
      : window_(window), kills_max_(kills_max) {}

  void killed(const schemas::Record& record, BootTime now);
  void resumed(const schemas::Resume& resume);
  // May an intent of this sender, which carries this incarnation, still be handled?
  [[nodiscard]] bool admits(const schemas::Address& sender, std::string_view instance,
                            std::uint64_t incarnation, BootTime now);
  [[nodiscard]] std::size_t size() const noexcept { return kills_.size(); }

 private:
  struct Kill : schemas::Hold {
    BootTime until{};
    std::uint64_t incarnation_min = UINT64_MAX;  // lowered by the resume that lifts it
  };
  void forget(BootTime now);
  void forget_oldest();

  BootTime window_;
  std::size_t kills_max_;
  schemas::HoldIndex<Kill> kills_;
  std::deque<const Kill*> by_age_;  // oldest first
};

}  // namespace estop::agent
