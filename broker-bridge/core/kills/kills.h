// SPDX-License-Identifier: Apache-2.0

// Kills and resumes in a bridge. A kill latches at first sight in every state, whether it is
// control's record or an operator's signed order; a resume acts only when the log has it (rules 1
// and 3). Pure, not thread-safe.
#pragma once

#include <string_view>

#include "broker-bridge/core/admission/gate.h"
#include "broker-bridge/core/bridge_options.h"
#include "broker-bridge/core/contact/contact.h"
#include "broker-bridge/core/kills/receipts.h"
#include "broker-bridge/core/kills/sightings.h"
#include "broker-bridge/core/kills/unverified.h"
#include "broker-bridge/core/turn.h"
#include "schemas/subject.h"

namespace estop::bridge {

class Kills {
 public:
  // All outlive it.
  Kills(const BridgeOptions& options, Gate& gate, Sightings& sightings, Receipts& receipts,
        Contact& contact)
      : options_(options),
        gate_(gate),
        sightings_(sightings),
        receipts_(receipts),
        contact_(contact),
        unverified_(options) {}

  // A live record of control. Its signature is checked by `settle`.
  void on_live(const schemas::SignedRecord& kill, Turn& turn);
  // A signed lease frame carries it.
  void on_uncommitted(const schemas::SignedRecord& kill, Turn& turn);
  // An operator's own order: acts as an uncommitted kill, whether control runs or not.
  void on_order(const schemas::EmergencySubject& from, std::string_view frame, Turn& turn);
  // Checks the signatures of orders that acted at first sight. A kill stays if at least one of its
  // senders may give it; the orders of the others leave no trace.
  void settle(Turn& turn);
  // A committed record, in its place.
  void commit(const schemas::Record& record, Turn& turn);

  void agents_connected(Turn& turn);
  void on_receipt_unsent(const SendReceipt& unsent, Turn& turn);

 private:
  Latched act_on_sight(const schemas::SignedRecord& kill, Turn& turn);
  void take_back(const Unverified::Forged& forged, Turn& turn);
  void lift(const schemas::Record& resume, Turn& turn);
  void confirm(const schemas::Record& order, Turn& turn);
  void owes_too_much(Turn& turn);

  const BridgeOptions& options_;
  Gate& gate_;
  Sightings& sightings_;
  Receipts& receipts_;
  Contact& contact_;
  Unverified unverified_;
};

}  // namespace estop::bridge
