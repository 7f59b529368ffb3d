// SPDX-License-Identifier: Apache-2.0

// Contact with control: the lease opens the bridge; silence, loss and doubt close it.
//
// kReplaying (closed: waits for control's head, reads the log up to it) → kJoining (closed: asks to
// join) → kOpen (control echoed the nonce of a joining beat) → back to kReplaying whenever contact
// or a record is lost. A log that cannot be trusted, or a record that this bridge does not
// understand, closes it for good. Contact does not decide which intents pass an open bridge (see
// admission.h): it gives the time until which the bridge is open, or the reason why it is closed.
// Pure, not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "broker-bridge/core/bridge_options.h"
#include "broker-bridge/core/contact/beats.h"
#include "broker-bridge/core/contact/leader.h"
#include "broker-bridge/core/contact/lease.h"
#include "broker-bridge/core/turn.h"

namespace estop::bridge {

class Contact {
 public:
  // Both outlive it.
  Contact(const BridgeOptions& options, const Beats& beats);

  void connected(Account account, Turn& turn);
  void disconnected(Account account, Turn& turn);
  // Returns the lease frame, if control signed it and leads.
  [[nodiscard]] std::optional<schemas::LeaseFrame> open_lease(std::string_view bytes, Turn& turn);
  // Every committed record is applied: asks to join, if nothing else is missing.
  void caught_up(Turn& turn);
  // Takes the grants of a complete frame. True: it opened the bridge.
  bool take_grants(const schemas::LeaseFrame& frame, Turn& turn);
  // Closes the bridge if its lease is over. Call it, like `tick`, at least ten times per beat.
  void check_lease(Turn& turn);
  // Sends a beat when one is due.
  void tick(Turn& turn);
  // A clean stop is wanted.
  void leave(Turn& turn);
  // Sends a beat now, because its content has changed.
  void beat(Turn& turn);

  // Closes the bridge until control admits it anew. `reason` completes "closed: …".
  void close(std::string reason, Turn& turn);
  // The bridge is closed and waits for `reason`.
  void wait(std::string reason) { reason_ = std::move(reason); }
  // Control no longer counts on this bridge: no fence would wait for it.
  void declared_gone(Turn& turn);
  void stop_for_good(std::string reason, Turn& turn);
  // Rule 10: an order of control that this bridge cannot read may be a stop.
  void not_understood(std::string_view what, const schemas::Error& error, Turn& turn);

  [[nodiscard]] schemas::BridgeState state() const noexcept { return state_; }
  // Checked before every intent, without a tick.
  [[nodiscard]] bool is_open(Nanos now) const noexcept;
  [[nodiscard]] bool was_open() const noexcept { return was_open_; }  // since the start
  [[nodiscard]] bool is_stopped() const noexcept { return stopped_for_good_; }
  [[nodiscard]] bool is_connected() const noexcept { return connected_[0] && connected_[1]; }
  [[nodiscard]] const std::string& why_closed() const noexcept;
  [[nodiscard]] const Lease& lease() const noexcept { return lease_; }
  // No forwarded byte may be written later: a fence that waits for the end of a lease relies on it
  // (H57). It is the newest end of a lease since the start; sooner if the bridge leaves.
  [[nodiscard]] Nanos write_until() const noexcept { return write_until_; }

 private:
  const BridgeOptions& options_;
  const Beats& beats_;
  Lease lease_;
  Leader leader_;
  schemas::BridgeState state_ = schemas::BridgeState::kReplaying;
  std::string reason_ = "not connected yet";
  bool stopped_for_good_ = false;
  bool was_open_ = false;
  bool connected_[2] = {false, false};  // by Account
  Nanos next_beat_ = 0;
  Nanos write_until_ = 0;
};

}  // namespace estop::bridge
