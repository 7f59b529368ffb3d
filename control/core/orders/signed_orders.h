// SPDX-License-Identifier: Apache-2.0

// Kills that operators signed and sent to bridges themselves, and kills that a bridge holds and the
// log does not.
#pragma once

#include <string>

#include "control/core/core_options.h"
#include "control/core/orders/late_orders.h"
#include "control/core/orders/lookups.h"
#include "control/core/orders/op_table.h"
#include "control/core/orders/order_flow.h"
#include "control/core/orders/second_operator.h"
#include "control/core/turn.h"

namespace estop::control {

class SignedOrders {
 public:
  // All outlive it.
  SignedOrders(const CoreOptions& options, Ledger& ledger, OpTable& ops, Orders& orders,
               const Bridges& bridges, OrderFlow& flow, SecondOperator& second, Lookups& lookups);

  void on(const EmergencyReceived& emergency, Turn& turn);
  void on(const WriteDue& due, Turn& turn);
  void on(const OrderChecked& checked, Turn& turn);
  // Adopts kills that the beat of a bridge holds and control lacks, at most kHeldMax.
  void adopt_held(const BridgeBeatReceived& received, Turn& turn);

 private:
  // True: control did not have this kill.
  bool adopt(const std::string& bridge, const schemas::Bytes& frame, Turn& turn);
  [[nodiscard]] bool stands_in_the_log(const schemas::SignedRecord& held) const;
  // A bridge at the head of the log obeys what a resume has lifted.
  void end_late(const std::string& bridge, const schemas::Bytes& frame, Turn& turn);
  void adopt(const schemas::SignedOrder& order, const KillClaim& claim, const std::string& from,
             Turn& turn);
  void adopt(schemas::Record draft, const KillClaim& claim, const std::string& from, Turn& turn);

  const CoreOptions& options_;
  Ledger& ledger_;
  OpTable& ops_;
  Orders& orders_;
  OrderFlow& flow_;
  SecondOperator& second_;
  Lookups& lookups_;
  LateOrders late_;
};

}  // namespace estop::control
