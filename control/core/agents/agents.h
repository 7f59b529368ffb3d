// SPDX-License-Identifier: Apache-2.0

// The agents' instances: which of them announced themselves, which are silent, which have confirmed
// a stop, and what each may store.
#pragma once

#include <cstdint>

#include "control/core/agents/audit_sums.h"
#include "control/core/agents/registry.h"
#include "control/core/core_options.h"
#include "control/core/log/ledger.h"
#include "control/core/turn.h"

namespace estop::control {

class Agents {
 public:
  // Both outlive it.
  Agents(const CoreOptions& options, const Ledger& ledger)
      : options_(options), ledger_(ledger), registry_(options.agents) {}

  void restore(const StoredAgent& agent, Now now) { registry_.restore(agent, now.boot_us); }
  void on(const HelloReceived& asked, Turn& turn);
  void on(const CheckpointsListed& listed, Turn& turn);
  void on(const BeatReceived& asked, Turn& turn);
  void on(const StoppedReceived& received, Turn& turn);
  void on(const StoppedChecked& checked, Turn& turn);
  void on(const StoreRequested& asked, Turn& turn);
  void on(const StoreAnswered& answer, Turn& turn);
  void on(const AgentsDropped& dropped, Turn& turn);
  void tick(Turn& turn);

  void on(const OrderForgotten& forgotten, Turn&) { registry_.forget_stops(forgotten.op_id); }

  // Waits for every living instance of the kill's scope, from now on. Returns how many there are;
  // what follows are facts.
  [[nodiscard]] StopsMoved expect_stops(const std::string& op_id, const schemas::Scope& scope,
                                        Now now);

  [[nodiscard]] const Registry& registry() const { return registry_; }

 private:
  // Writes the line into the audit, unless this address has had its share of lines: then it is
  // counted.
  void note_of_agent(AuditLine line, const schemas::Address& address, Turn& turn);
  void note_sums(Turn& turn);
  void look_at_health(Turn& turn);
  void tell_stops(const std::string& op_id, StopCount& count, Turn& turn);
  [[nodiscard]] schemas::Result<void> may_store(const StoreRequested& asked, Now now) const;

  const CoreOptions& options_;
  const Ledger& ledger_;
  Registry registry_;
  AuditSums audit_sums_;
  std::uint64_t next_health_us_ = 0;
};

}  // namespace estop::control
