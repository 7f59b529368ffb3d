// SPDX-License-Identifier: Apache-2.0

// What a closed bridge had forwarded, on its way to the broker.
//
// When the lease of this bridge is over, control no longer waits for it and says *fenced*. What the
// bridge forwarded has to arrive before that, or never: a slow link that is still alive would
// deliver it later. Pure.
#pragma once

#include <cstddef>
#include <optional>

#include "broker-bridge/core/contact/lease.h"

namespace estop::bridge {

class Arrival {
 public:
  // The bridge forwards no more; `until`: when its lease would have been over.
  void expect(Nanos until) noexcept { until_ = until; }
  // It is open again, so control waits for its receipt again.
  void forget() noexcept { until_.reset(); }
  // `unconfirmed_bytes`: what the connection to AGENTS has sent and the other side has not
  // confirmed. Returns true once, when the time is over and bytes are left: reset the connection.
  [[nodiscard]] bool is_late(Nanos now, std::size_t unconfirmed_bytes) noexcept {
    if (!until_ || (unconfirmed_bytes != 0 && now < *until_)) return false;
    until_.reset();
    return unconfirmed_bytes != 0;
  }

 private:
  std::optional<Nanos> until_;
};

}  // namespace estop::bridge
