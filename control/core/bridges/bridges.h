// SPDX-License-Identifier: Apache-2.0

// The bridges: which of them join, which may have a lease, and whose confirmation of an order
// counts.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "control/core/bridges/roster.h"
#include "control/core/core_options.h"
#include "control/core/log/ledger.h"
#include "control/core/turn.h"

namespace estop::control {

class Bridges {
 public:
  // Both outlive it. It appends records of bridges to the ledger.
  Bridges(const CoreOptions& options, Ledger& ledger);

  // The leases of these bridges may hold, whatever the stream has kept: from now on a fence waits
  // for them.
  void had_joined(const JoinedBridges& bridges);

  // First this function takes the beat, then other modules adopt the kills in it, then the
  // beat is answered. Nullptr: it beats in another's name, and gets no answer.
  const Bridge* hear(const BridgeBeatReceived& received, Turn& turn);
  void answer(const Bridge& bridge, const schemas::BridgeBeat& beat, Turn& turn);
  void on(const BridgeReceiptReceived& received, Turn& turn);
  void on(const BridgeReceiptChecked& checked, Turn& turn);
  void tick(Turn& turn);
  void on(const RecordApplied& applied, Turn& turn);
  void on(const OrderForgotten& forgotten, Turn&) { roster_.forget(forgotten.op_id); }

  // Waits for every bridge that may be open now. Returns how far the order is; what follows are
  // facts.
  [[nodiscard]] BridgesMoved wait_for(const std::string& op_id, std::uint64_t seq, bool is_kill,
                                      Now now);
  // Whether every joined bridge has said to this control what it reads.
  [[nodiscard]] bool all_heard() const;
  // The number of the newest record that every joined bridge has applied, as their beats say;
  // without bridges the highest number there is.
  [[nodiscard]] std::uint64_t all_applied() const;
  void publish_lease(Turn& turn);
  // Whether every joined bridge reads records of this kind; the error names a bridge that does not.
  [[nodiscard]] schemas::Result<void> all_read(schemas::RecordKind kind) const;
  [[nodiscard]] const Roster& roster() const { return roster_; }

 private:
  void append(schemas::RecordBody body, const BridgeName& name, Turn& turn);

  const CoreOptions& options_;
  Ledger& ledger_;
  Roster roster_;
  std::set<BridgeName> moving_;  // a joined or left record is on its way
  std::uint64_t next_lease_us_ = 0;
  std::uint64_t lease_round_ = 0;
  std::uint64_t own_ops_ = 0;
};

}  // namespace estop::control
