// SPDX-License-Identifier: Apache-2.0

// The receipts of this bridge to control. A receipt says that an order acts here, and that
// everything forwarded before it has left.
//
// A receipt is a barrier for the intents that its connection to AGENTS forwarded. It says nothing
// about an earlier connection, which the broker may still be reading: that one's lease has to be
// over first. Until then, and while AGENTS is away, the bridge owes the receipt of a kill. Control
// reads resumes in the beats, so nothing waits for the receipt of a resume. Pure, not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "broker-bridge/core/admission/gate.h"
#include "broker-bridge/core/bridge_options.h"
#include "broker-bridge/core/turn.h"

namespace estop::bridge {

class Receipts {
 public:
  // Both outlive it. The receipts carry the gate's counts.
  Receipts(const BridgeOptions& options, const Gate& gate) : options_(options), gate_(gate) {}

  // AGENTS is there.
  void connected();
  // AGENTS is gone. `write_until`: no forwarded byte is written later.
  void disconnected(Nanos write_until);
  [[nodiscard]] bool is_connected() const noexcept { return is_connected_; }
  // An intent was forwarded over this connection.
  void forwarded() noexcept { has_forwarded_ = true; }

  // Sends the receipt of an order, or owes it. False, here and below: it owes more receipts than it
  // can keep, and forgot the oldest. The bridge then has to close: control counts its lease down
  // and waits for no receipt.
  [[nodiscard]] bool confirm(const schemas::Record& order, Turn& turn);
  // Owes the receipt, and sends it when that is allowed.
  [[nodiscard]] bool owe(const schemas::Record& kill);
  // Owes it again: the connection did not take it.
  [[nodiscard]] bool owe_again(const SendReceipt& unsent);
  // Sends the owed receipts if that is allowed now, except for kills that no longer hold.
  void pay(Turn& turn);
  // Nobody ordered the kill.
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
