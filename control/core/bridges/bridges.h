// SPDX-License-Identifier: Apache-2.0

// The bridges: who joins, who may have a lease, whose confirmation of an order counts.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "control/core/bridges/roster.h"
#include "control/core/core_options.h"
#include "control/core/log/ledger.h"
#include "control/core/orders/op_table.h"
#include "control/core/orders/orders.h"
#include "control/core/turn.h"

namespace estop::control {

class Bridges {
 public:
  // All outlive it. It appends records of bridges to the ledger and tells orders how far they are.
  Bridges(const CoreOptions& options, Ledger& ledger, const OpTable& ops, Orders& orders);

  // Their leases may hold, whatever the stream has kept: a fence waits for them from now on.
  void had_joined(const JoinedBridges& bridges);

  // A beat is heard first, then what it holds is adopted by whom that concerns, then it is
  // answered. Nullptr: it beats in another's name, and is not to be answered.
  const Bridge* hear(const BridgeBeatReceived& received, Turn& turn);
  void answer(const Bridge& bridge, const schemas::BridgeBeat& beat, Turn& turn);
  void on(const BridgeReceiptReceived& received, Turn& turn);
  void on(const BridgeReceiptChecked& checked, Turn& turn);
  void tick(Turn& turn);
  // The head of leases has moved over this record.
  void applied(const schemas::Record& record, Turn& turn);

  // Waits for every bridge that may be open now, and tells the order at once if there is none.
  void wait_for(Order& order, bool is_kill, Turn& turn);
  // The same for a resume, which the bridges hear with the lease that is published in between.
  void open_with_lease(Order& order, Turn& turn);
  // Whether every joined bridge has said to this control what it reads.
  [[nodiscard]] bool all_heard() const;
  // The number of the newest record that every joined bridge has applied, as their beats say;
  // without bridges the highest number there is.
  [[nodiscard]] std::uint64_t all_applied() const;
  void publish_lease(Turn& turn);
  // Whether every joined bridge reads records of this kind; who does not is named.
  [[nodiscard]] schemas::Result<void> all_read(schemas::RecordKind kind) const;
  void forget(const std::string& op_id) { roster_.forget(op_id); }

  [[nodiscard]] const Roster& roster() const { return roster_; }

 private:
  void gathered(Order& order, const Gathering& gathering, Turn& turn);
  void append(schemas::RecordBody body, const BridgeName& name, Turn& turn);

  const CoreOptions& options_;
  Ledger& ledger_;
  const OpTable& ops_;
  Orders& orders_;
  Roster roster_;
  std::set<BridgeName> moving_;  // a joined or left record is on its way
  std::uint64_t next_lease_us_ = 0;
  std::uint64_t lease_round_ = 0;
  std::uint64_t own_ops_ = 0;
};

}  // namespace estop::control
