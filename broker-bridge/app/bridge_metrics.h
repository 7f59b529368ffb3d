// SPDX-License-Identifier: Apache-2.0

// A bridge's metrics for Prometheus: the core's plain counters, copied at each request.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

#include "broker-bridge/core/bridge_status.h"
#include "broker-bridge/daemon/metrics.h"

namespace estop::bridge {

// What a bridge says, besides what it forwards.
enum class BridgeMessage : std::uint8_t {
  kBeat,
  kReceipt,
  kLatched,  // to an operator
  kRefusal,  // to the sender of an intent
};
inline constexpr BridgeMessage kBridgeMessages[] = {BridgeMessage::kBeat, BridgeMessage::kReceipt,
                                                    BridgeMessage::kLatched,
                                                    BridgeMessage::kRefusal};
[[nodiscard]] std::string_view name(BridgeMessage what) noexcept;

class BridgeMetrics {
 public:
  BridgeMetrics();
  void unsent(BridgeMessage what);
  void refused(schemas::Errc code);
  void ignored_reply() { ignored_replies_.add(); }
  void kill_latched(double seconds) { kill_latch_.observe(seconds); }
  // The exposition, brought up to date.
  [[nodiscard]] std::string text(const BridgeStatus& status);

 private:
  daemon::Metrics metrics_{"estop-bridge"};
  daemon::Counter forwarded_;
  daemon::Counter after_fence_;
  daemon::Counter bad_frames_;
  daemon::Counter ignored_replies_;
  daemon::Gauge lease_;
  daemon::Gauge state_;
  daemon::Gauge log_head_;
  daemon::Gauge kills_;
  daemon::Gauge addresses_;
  daemon::Histogram kill_latch_;
  std::map<schemas::Errc, daemon::Counter> refused_;
  std::map<BridgeMessage, daemon::Counter> unsent_;
};

}  // namespace estop::bridge
