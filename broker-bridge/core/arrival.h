// SPDX-License-Identifier: Apache-2.0

// What a closed bridge had forwarded, on its way to the broker.
//
// When a lease is over, control tells fences without this bridge. So what it forwarded has to be
// there by then, or never to come: a link that is slow, and yet alive, would bring it later. Pure.
#pragma once

#include <cstddef>
#include <optional>

#include "broker-bridge/core/lease.h"

namespace estop::bridge {

class Arrival {
 public:
  // The bridge forwards no more; `until`: when its lease would have been over.
  void expect(Nanos until) noexcept { until_ = until; }
  // It is open again, so control waits for its receipt again.
  void forget() noexcept { until_.reset(); }
  // `unconfirmed_bytes`: of the connection that carries what was forwarded. True, once: the time is
  // over, and the connection has to be given up with what it holds.
  [[nodiscard]] bool is_late(Nanos now, std::size_t unconfirmed_bytes) noexcept {
    if (!until_ || (unconfirmed_bytes != 0 && now < *until_)) return false;
    until_.reset();
    return unconfirmed_bytes != 0;
  }

 private:
  std::optional<Nanos> until_;
};

}  // namespace estop::bridge
