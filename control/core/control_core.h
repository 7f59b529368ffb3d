// SPDX-License-Identifier: Apache-2.0

// Every decision of control: one event and the time in, effects out.
//
// Only the composition of the modules: which of them receives which event. Each owns its state;
// none reads a clock or does I/O. Perform effects in their order. After a Stop effect, handle
// nothing more. Not thread-safe.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "control/core/access/access.h"
#include "control/core/agents/agents.h"
#include "control/core/bridges/bridges.h"
#include "control/core/core_options.h"
#include "control/core/effects.h"
#include "control/core/log/feed.h"
#include "control/core/log/ledger.h"
#include "control/core/orders/lookups.h"
#include "control/core/orders/op_table.h"
#include "control/core/orders/operators.h"
#include "control/core/orders/order_flow.h"
#include "control/core/orders/orders.h"
#include "control/core/orders/resume_rules.h"
#include "control/core/orders/second_operator.h"
#include "control/core/orders/signed_orders.h"
#include "control/core/questions/questions.h"
#include "control/core/turn.h"

namespace estop::control {

class ControlCore {
 public:
  ControlCore(CoreOptions options, schemas::SigningKey log_key);
  ControlCore(const ControlCore&) = delete;  // its modules know each other
  ControlCore& operator=(const ControlCore&) = delete;

  // Takes the recorder's data; `fresh_id` (a segment of at most 34 bytes) names the log if it is
  // opened now.
  Effects start(StoredLog log, const std::vector<StoredAgent>& agents, std::string fresh_id,
                Now now);
  Effects handle(const Event& event, Now now);

  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  [[nodiscard]] const Roster& roster() const { return bridges_.roster(); }
  [[nodiscard]] const Registry& registry() const { return agents_.registry(); }
  [[nodiscard]] const CoreCounters& counters() const { return counters_; }

 private:
  void on(const StreamRead& read, Turn& turn);
  void on(const AppendAnswered& answer, Turn& turn);
  void on(const RecordStored& stored, Turn& turn);
  void on(const LinkChanged& link, Turn& turn);
  void on(const OrderFound& found, Turn& turn);
  void on(const BridgeBeatReceived& received, Turn& turn);
  void on(const Tick& tick, Turn& turn);
  void on(const StreamPurged& purged, Turn& turn);
  void write_snapshot(Turn& turn);
  void go_on(const std::vector<Lookups::Asked>& looked_up, Turn& turn);
  static void tell(std::vector<LedgerNews> news, Turn& turn);
  void spread(const Fact& fact, Turn& turn);
  void spread_all(Turn& turn);
  // Events that are of one module alone.
  template <class Happened>
  void on(const Happened& happened, Turn& turn);

  const CoreOptions options_;
  CoreCounters counters_;
  AlarmsTold alarms_told_;
  std::uint64_t next_snapshot_us_ = 0;  // after one that may not be signed
  Ledger ledger_;
  Feed feed_;
  Orders orders_;
  OpTable ops_;
  Lookups lookups_;
  Bridges bridges_;
  Agents agents_;
  Access access_;
  OrderFlow flow_;
  ResumeRules rules_;
  SecondOperator second_;
  SignedOrders signed_;
  Questions questions_;
  Operators operators_;
};

}  // namespace estop::control
