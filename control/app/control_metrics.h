// What control shows to Prometheus: the core's plain counters and the recorder's, copied when
// somebody asks.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "broker-bridge/ops/metrics.h"
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
  ops::Metrics metrics_{"estop-control"};
  ops::Counter kills_;
  ops::Counter resumes_;
  ops::Counter bad_frames_;
  ops::Counter commits_;
  ops::Counter commit_seconds_;
  ops::Counter failures_;
  ops::Gauge log_head_;
  ops::Gauge bridges_;
  ops::Gauge healthy_;
  ops::Gauge queue_;
  ops::Gauge audit_head_;
  ops::Histogram fence_;
  ops::Histogram stop_;
  std::map<schemas::Errc, ops::Counter> refused_;
};

}  // namespace estop::control
