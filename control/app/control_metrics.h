// SPDX-License-Identifier: Apache-2.0

// Control's metrics for Prometheus: the core's plain counters and the recorder's, copied at each
// request.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "broker-bridge/daemon/metrics.h"
#include "control/core/control_core.h"
#include "control/recorder/recorder.h"

namespace estop::control {

// What a message that could not be sent was.
enum class Unsent : std::uint8_t {
  kAnswer,      // to an operator
  kAgentReply,  // to an agent
  kLogRead,     // a record that a bridge asked for
  kOrder,       // a record, to agents
  kRecord,      // a record, to bridges
  kLease,
  kEvent,
};
inline constexpr Unsent kUnsent[] = {Unsent::kAnswer, Unsent::kAgentReply, Unsent::kLogRead,
                                     Unsent::kOrder,  Unsent::kRecord,     Unsent::kLease,
                                     Unsent::kEvent};
[[nodiscard]] std::string_view name(Unsent what) noexcept;

class ControlMetrics {
 public:
  ControlMetrics();
  void unsent(Unsent what);
  void agent_dropped(AgentSays what);  // over its budget
  void bad_frame() { bad_frames_.add(); }
  void timed(Stage stage, double seconds);
  // The exposition, brought up to date.
  [[nodiscard]] std::string text(const ControlCore& core, const Recorder& recorder,
                                 std::uint64_t now_us);

 private:
  daemon::Metrics metrics_{"estop-control"};
  daemon::Counter kills_;
  daemon::Counter resumes_;
  daemon::Counter bad_frames_;
  daemon::Counter commits_;
  daemon::Counter commit_seconds_;
  daemon::Counter failures_;
  daemon::Gauge log_head_;
  daemon::Gauge bridges_;
  daemon::Gauge healthy_;
  daemon::Gauge queue_;
  daemon::Gauge audit_head_;
  daemon::Histogram fence_;
  daemon::Histogram stop_;
  std::map<schemas::Errc, daemon::Counter> refused_;
};

}  // namespace estop::control
