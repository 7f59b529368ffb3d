// SPDX-License-Identifier: Apache-2.0
#include "control/core/orders/proofs.h"

#include "control/core/log/log_entry.h"
#include "schemas/codec.h"

namespace estop::control {

bool is_proven(const schemas::SignedOrder& order, const std::string& from,
               const CoreOptions& options, Turn& turn) {
  const auto good = schemas::verify_order(order, options.operators_key, options.subjects);
  if (good) return true;
  ++turn.counters.bad_signatures;
  turn.alarm("forged-order", from,
             "order " + order.kill.record.op_id + ": " + to_string(good.error()));
  return false;
}

void keep_order(const schemas::SignedOrder& order, const std::string& op_id, Turn& turn) {
  const schemas::Record& kill = order.kill.record;
  turn.note(audit_line(turn.now, "signed", kill.actor.name, kill.scope().text(), op_id,
                       OneText{"order", schemas::base64url(order.frame)}));
}

void keep_proof(const CommandReceived& asked, const std::string& subject, const std::string& op_id,
                Turn& turn) {
  if (!asked.is_proven) return;
  turn.note(
      audit_line(turn.now, "signed", asked.actor, subject, op_id, OneText{"command", asked.text}));
}

}  // namespace estop::control
