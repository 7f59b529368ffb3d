// SPDX-License-Identifier: Apache-2.0

// The questions of operators, which change nothing: agents, kills, the state of control, the audit.
#pragma once

#include <cstdint>

#include "control/core/agents/agents.h"
#include "control/core/bridges/bridges.h"
#include "control/core/core_options.h"
#include "control/core/log/ledger.h"
#include "control/core/orders/command.h"
#include "control/core/orders/op_table.h"
#include "control/core/orders/order_flow.h"
#include "control/core/questions/pages.h"
#include "control/core/turn.h"

namespace estop::control {

class Questions {
 public:
  // All outlive it.
  Questions(const CoreOptions& options, const Ledger& ledger, const Bridges& bridges,
            const Agents& agents, const OpTable& ops, OrderFlow& flow);

  void started(Now now) { started_us_ = now.boot_us; }
  void answer(const CommandReceived& asked, const PsCommand& ps, Turn& turn);
  void answer(const CommandReceived& asked, const GetCommand& get, Turn& turn);
  void answer(const CommandReceived& asked, const StatusCommand& status, Turn& turn);
  void answer(const CommandReceived& asked, const AuditCommand& audit, Turn& turn);
  void answer(const CommandReceived& asked, const VerifyCommand& verify, Turn& turn);
  // Not only a question: it is signed, and the recorder forgets exported lines.
  void answer(const CommandReceived& asked, const CutCommand& cut, Turn& turn);
  void on(const AuditListed& listed, Turn& turn);
  void on(const AuditVerified& verified, Turn& turn);
  void on(const AuditBegins& begins, Turn& turn);
  void on(const AuditCutAway& done, Turn& turn);
  void on(const DetailsRead& details, Turn& turn);

 private:
  [[nodiscard]] StatusView view(Now now) const;

  const CoreOptions& options_;
  const Ledger& ledger_;
  const Bridges& bridges_;
  const Agents& agents_;
  const OpTable& ops_;
  OrderFlow& flow_;
  std::uint64_t started_us_ = 0;
};

}  // namespace estop::control
