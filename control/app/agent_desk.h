// SPDX-License-Identifier: Apache-2.0

// The agents' side of control, on a connection of its own: hellos, beats, receipts and requests to
// the store come in here, and their answers go out. So no message of an agent stands before an
// order or a bridge's receipt in one stream of bytes. The address and the instance pay for each
// message from their budgets before it is decoded.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "broker-bridge/nats/connection.h"
#include "control/app/control_metrics.h"
#include "control/app/heard.h"
#include "control/app/now.h"
#include "control/app/outbox.h"
#include "control/core/agents/agent_budget.h"
#include "control/core/agents/store_lanes.h"

namespace estop::control {

class AgentDesk {
 public:
  struct Ways {
    std::function<void(const Heard&)> tell;
    std::function<bool(const schemas::Address&)> is_killed;  // the whole address
  };

  // `loop`, `link`, `subjects` and `metrics` must outlive this.
  AgentDesk(const nats::Loop& loop, nats::Connection& link, const schemas::Subjects& subjects,
            ControlMetrics& metrics, std::uint32_t beat_ms, Ways ways);

  void listen();  // once, before the connection is made
  void tick(std::uint64_t now_us);

  void perform(const ReplyToAgent& effect);
  void began() { has_begun_ = true; }  // the recorder has what was asked of the store
  void ended(const StoreAnswered& answer, std::uint64_t now_us);

 private:
  using Decode = Heard (*)(const schemas::Subjects&, const nats::MessageView&);
  void on(const schemas::Subject& pattern, AgentSays what, Decode decode);
  [[nodiscard]] bool admits(AgentSays what, const nats::MessageView& message, std::uint64_t now);
  void on_store(const nats::MessageView& message);
  [[nodiscard]] bool begin(const WaitingStore& asked);
  void refuse(const nats::MessageView& message);

  [[nodiscard]] std::uint64_t now_us() const { return now_on(loop_).boot_us; }

  const nats::Loop& loop_;
  nats::Connection& link_;
  const schemas::Subjects& subjects_;
  ControlMetrics& metrics_;
  Ways ways_;
  Outbox outbox_;
  AgentBudget budget_;
  StoreLanes lanes_;
  bool has_begun_ = false;
  std::uint64_t swept_us_ = 0;
};

}  // namespace estop::control
