// SPDX-License-Identifier: Apache-2.0

// Kills that acted at first sight and whose signatures are not checked yet: stop first, check
// afterwards.
//
// Several senders may give one kill, an operator and a forger for example: it stays if one of them
// may give it. Pure, not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "broker-bridge/core/admission/gate.h"
#include "broker-bridge/core/bridge_options.h"
#include "schemas/order.h"

namespace estop::bridge {

class Unverified {
 public:
  // It outlives this.
  explicit Unverified(const BridgeOptions& options) : options_(options) {}

  // Keeps it for the check, if it made the kill latch or is a rival of one that did.
  void add(const schemas::SignedRecord& kill, Latched latched);
  void add(schemas::SignedOrder order, Latched latched);

  struct Forged {
    schemas::Record kill;
    std::string author;  // its supposed author, who did not sign it
  };
  struct Checked {
    std::map<std::string, schemas::SignedRecord> good;  // by kill_key.h
    std::vector<schemas::Record> orders;                // of these, operators' own orders
    std::vector<Forged> forged;
  };
  // Checks all of them; none is left.
  [[nodiscard]] Checked check();

 private:
  [[nodiscard]] bool wants(const schemas::Record& kill, Latched latched) const;
  [[nodiscard]] bool is_contested(const schemas::Record& kill) const;

  const BridgeOptions& options_;
  std::vector<schemas::SignedRecord> records_;
  std::vector<schemas::SignedOrder> orders_;
};

}  // namespace estop::bridge
