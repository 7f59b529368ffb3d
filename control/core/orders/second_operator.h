// SPDX-License-Identifier: Apache-2.0

// Orders that wait for a second operator, where that is required: resumes, kills of the fleet.
//
// They are kept in memory only: after a restart of control the first operator gives his order
// again.
#pragma once

#include <string>
#include <vector>

#include "control/core/core_options.h"
#include "control/core/orders/op_table.h"
#include "control/core/orders/order_flow.h"
#include "control/core/orders/orders.h"
#include "control/core/orders/resume_rules.h"
#include "control/core/turn.h"

namespace estop::control {

class SecondOperator {
 public:
  // All outlive it.
  SecondOperator(const CoreOptions& options, const Ledger& ledger, OpTable& ops, Orders& orders,
                 OrderFlow& flow, const ResumeRules& rules);

  [[nodiscard]] bool is_needed(const schemas::Record& draft) const;
  void propose(const CommandReceived& asked, const OrderRequest& request, schemas::Record draft,
               std::vector<std::string> notes, Turn& turn);
  // Bridges that know the rule have ignored the order.
  void propose(const schemas::SignedOrder& order, const KillClaim& claim, Turn& turn);
  // The same order, sent once more by its first operator, who continues to watch. False: it is
  // none.
  bool watch_resume(const CommandReceived& asked, const ResumeCommand& resume, Turn& turn);
  void approve(const CommandReceived& asked, const ApproveCommand& approve, Turn& turn);
  void expire(Turn& turn);

 private:
  [[nodiscard]] bool may_propose(const std::string& actor) const;
  Order& keep(schemas::Record draft, Turn& turn);
  [[nodiscard]] schemas::Result<void> may_approve(const CommandReceived& asked,
                                                  const ApproveCommand& approve,
                                                  const schemas::Record& draft) const;

  const CoreOptions& options_;
  const Ledger& ledger_;
  OpTable& ops_;
  Orders& orders_;
  OrderFlow& flow_;
  const ResumeRules& rules_;
};

}  // namespace estop::control
