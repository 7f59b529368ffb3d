// SPDX-License-Identifier: Apache-2.0

// Kills that a resume has lifted and that a bridge obeys once more. The bridge began behind a
// snapshot, or has forgotten the op id, and the order came again. A stop wins, so the kill acts;
// control writes a record that ends it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "control/core/orders/order_flow.h"
#include "control/core/turn.h"

namespace estop::control {

class LateOrders {
 public:
  // All outlive it.
  LateOrders(const Ledger& ledger, const Bridges& bridges, OrderFlow& flow)
      : ledger_(ledger), bridges_(bridges), flow_(flow) {}

  // A bridge that has applied the whole log shows this kill, which a resume has lifted. Writes one
  // of it that begins no new life, once in kEndAgain_us. `known`: of its op id; nullptr: forgotten.
  // The caller has checked who ordered the kill.
  void end(const schemas::Record& kill, const OpState* known, Turn& turn);
  // Whether `end` would write one.
  [[nodiscard]] bool may_end(const schemas::Record& kill, const Turn& turn);

 private:
  const Ledger& ledger_;
  const Bridges& bridges_;
  OrderFlow& flow_;
  std::map<std::string, std::uint64_t> ended_us_;  // by op id and scope; at most kEndingMax
  std::uint64_t ended_ = 0;
};

}  // namespace estop::control
