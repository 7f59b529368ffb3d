// SPDX-License-Identifier: Apache-2.0

// What this bridge confirms to control: an order acts here, and all that was forwarded before it
// has left.
//
// A receipt is a barrier for what its connection to AGENTS forwarded. It says nothing about an
// earlier one, which the broker may still be reading: that one's lease has to be over first. Until
// then, and while AGENTS is away, the receipt of a kill is owed. Control reads a resume in the
// beats, so nobody waits for the receipt of one. Pure, not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "broker-bridge/core/admission/gate.h"
#include "broker-bridge/core/bridge_options.h"
#include "broker-bridge/core/turn.h"

namespace estop::bridge {

class Receipts {
 public:
  // Both outlive it. What the gate counts goes into the receipts.
  Receipts(const BridgeOptions& options, const Gate& gate) : options_(options), gate_(gate) {}

  // AGENTS is there.
  void connected();
  // It is gone. `write_until`: nothing that was forwarded is written later.
  void disconnected(Nanos write_until);
  [[nodiscard]] bool is_connected() const noexcept { return is_connected_; }
  // Something was forwarded over this connection.
  void forwarded() noexcept { has_forwarded_ = true; }

  // Sends the receipt of an order, or owes it. False, here and below: it owes more than it can
  // keep, and forgot the oldest. Such a bridge has to close: then control counts its lease down
  // and waits for no receipt.
  [[nodiscard]] bool confirm(const schemas::Record& order, Turn& turn);
  // To be sent when that is allowed.
  [[nodiscard]] bool owe(const schemas::Record& kill);
  // The connection did not take it.
  [[nodiscard]] bool owe_again(const SendReceipt& unsent);
  // Sends what it owes if that is allowed now, except for kills that hold no longer.
  void pay(Turn& turn);
  // The kill was never given.
  void forget(const schemas::Record& kill);

 private:
  [[nodiscard]] bool may_confirm(Nanos now) const noexcept;
  void send(const schemas::Record& order, Turn& turn) const;

  const BridgeOptions& options_;
  const Gate& gate_;
  std::uint64_t connection_ = 0;  // to AGENTS, counted
  bool is_connected_ = false;
  bool has_forwarded_ = false;  // over this connection
  Nanos quiet_until_ = 0;       // until then the broker may still read an earlier connection
  std::vector<schemas::Record> owed_;
};

}  // namespace estop::bridge
