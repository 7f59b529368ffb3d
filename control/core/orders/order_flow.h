// SPDX-License-Identifier: Apache-2.0

// An order on its way into the log, to bridges and runtimes, and how far it has come.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control/core/agents/agents.h"
#include "control/core/bridges/bridges.h"
#include "control/core/log/ledger.h"
#include "control/core/orders/op_table.h"
#include "control/core/orders/orders.h"
#include "control/core/turn.h"
#include "control/recorder/audit_cut.h"

namespace estop::control {

class OrderFlow {
 public:
  // All outlive it.
  OrderFlow(Ledger& ledger, const OpTable& ops, Orders& orders, Bridges& bridges, Agents& agents)
      : ledger_(ledger), ops_(ops), orders_(orders), bridges_(bridges), agents_(agents) {}

  // A new order: writes its record, sends it to every part that has to obey, and counts their
  // answers.
  Order& kill(schemas::Record draft, std::vector<std::string> warnings, Turn& turn);
  Order& resume(schemas::Record draft, Turn& turn);
  // The steps of it, for kills that came on another way.
  Order& begin_kill(const schemas::SignedRecord& record, std::vector<std::string> warnings,
                    Turn& turn);
  Order& count_kill(const schemas::SignedRecord& record, std::vector<std::string> warnings,
                    Turn& turn);
  static void publish_kill(const schemas::SignedRecord& record, Turn& turn);

  // The order with a used op id, in its present state. After 10 minutes or a restart it is counted
  // anew: parts that obey it already confirm once more.
  Order& kept_kill(const KillClaim& claim, const schemas::Scope& scope, Turn& turn);
  Order& kept_resume(const std::string& op_id, const OpState& known, const std::string& actor,
                     Turn& turn);

  // Sends its progress to its asker, until the stages are reached or the time is over.
  void watch(Order& order, const CommandReceived& asked, const OrderRequest& request,
             std::vector<std::string> notes, Turn& turn);

  // Warnings for the operator of an order; at most a few sentences.
  [[nodiscard]] std::vector<std::string> kill_warnings(const schemas::Scope& scope) const;
  [[nodiscard]] std::vector<std::string> resume_warnings(const schemas::Resume& resume) const;

  void on(const RecordCommitted& committed, Turn& turn);
  void on(const RecordDurable& durable, Turn& turn);
  void on(const RecordApplied& applied, Turn& turn);
  void on(const BridgesMoved& moved, Turn& turn);
  void on(const StopsMoved& moved, Turn& turn);
  void on(const CredentialsMoved& moved, Turn& turn);
  // Passes the recorder's answer, or that there is none, to an order that waits for the number of
  // its line.
  void tell_line(const OrderFound& told, Turn& turn);
  // The broker delivers at most once: sends unconfirmed orders again.
  void repeat_unconfirmed(Turn& turn);
  void end_old(Turn& turn);

  // Where the audit begins: *durable* names the export of a line that was cut away.
  void set_audit_begins(const AuditCut& cut);
  [[nodiscard]] const AuditCut& audit_begins() const { return audit_begins_; }

 private:
  Order& begin(const schemas::SignedRecord& record, std::vector<std::string> warnings,
               const Turn& turn);
  void tell_progress(Order& order, const OpState& known, Turn& turn);
  void tell_runtimes(const Order& order, Turn& turn) const;

  Ledger& ledger_;
  const OpTable& ops_;
  Orders& orders_;
  Bridges& bridges_;
  Agents& agents_;
  AuditCut audit_begins_;  // behind the cut lines
  std::uint64_t next_announce_us_ = 0;
};

}  // namespace estop::control
