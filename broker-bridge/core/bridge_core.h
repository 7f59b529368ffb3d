// SPDX-License-Identifier: Apache-2.0

// Every decision of a bridge: events and the time in, effects out.
//
// kReplaying (closed: waits for control's head, reads the log up to it) → kJoining (closed: asks to
// join) → kOpen (control echoed the nonce of a joining beat) → back to kReplaying whenever contact
// or a record is lost. A log that cannot be trusted, or a record that this bridge does not
// understand, closes it for good. The lease is checked before every intent. `now` is
// CLOCK_BOOTTIME. Pure: no I/O, clock, thread or random source. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker-bridge/core/admission.h"
#include "broker-bridge/core/bridge_options.h"
#include "broker-bridge/core/bridge_status.h"
#include "broker-bridge/core/effects.h"
#include "broker-bridge/core/follower.h"
#include "broker-bridge/core/kills/receipts.h"
#include "broker-bridge/core/kills/sightings.h"
#include "broker-bridge/core/kills/unverified.h"
#include "broker-bridge/core/lease.h"
#include "broker-bridge/core/turn.h"
#include "schemas/order.h"
#include "schemas/subjects.h"

namespace estop::bridge {

class BridgeCore {
 public:
  explicit BridgeCore(BridgeOptions options);
  BridgeCore(const BridgeCore&) = delete;  // its modules know each other
  BridgeCore& operator=(const BridgeCore&) = delete;

  // Events. Each appends to `out` what is to be done, in order.

  void on_connected(Account account, Nanos now, Effects& out);
  void on_disconnected(Account account, Nanos now, Effects& out);
  void on_log(std::string_view frame, Nanos now, Effects& out);    // estop.log, live
  void on_lease(std::string_view frame, Nanos now, Effects& out);  // estop.lease
  void on_emergency(std::string_view actor, std::string_view order, Nanos now, Effects& out);
  void on_replayed(std::string_view frame, Nanos now, Effects& out);
  void on_replay_done(Nanos now, Effects& out);
  void on_replay_failed(std::string_view reason, Nanos now, Effects& out);
  void on_tick(Nanos now, Effects& out);   // at least ten times per beat
  void on_leave(Nanos now, Effects& out);  // a clean stop was asked for
  // The connection did not take it. The next tick tries again.
  void on_receipt_unsent(const SendReceipt& unsent, Nanos now, Effects& out);
  // To be called when the effects of on_log or on_emergency are done: checks the signatures of
  // kills that acted on sight, and takes those back that their author did not sign.
  void settle(Nanos now, Effects& out);

  // As Admission has them; closed, nothing passes.
  [[nodiscard]] const IntentOutcome& on_intent(std::string_view subject, std::string_view data,
                                               Nanos now);
  void forwarded();
  [[nodiscard]] const IntentOutcome& not_forwarded(std::string_view subject, std::string_view data);
  // Whether what was forwarded may still be written: a fence that waits for the end of a lease
  // counts on it that nothing is written later (H57).
  [[nodiscard]] bool may_write(Nanos now) const noexcept;

  [[nodiscard]] BridgeStatus status(Nanos now) const;

  // For tests.
  [[nodiscard]] schemas::BridgeState state() const noexcept { return state_; }
  [[nodiscard]] bool is_open(Nanos now) const noexcept;
  [[nodiscard]] const std::string& reason() const noexcept {
    return reason_;
  }  // why it is not open
  [[nodiscard]] Counters counters() const noexcept;
  [[nodiscard]] const Gate& gate() const noexcept { return admission_.gate(); }
  [[nodiscard]] const Follower& follower() const noexcept { return follower_; }
  [[nodiscard]] const Lease& lease() const noexcept { return lease_; }

 private:
  Latched act_on_sight(const schemas::SignedRecord& kill, Turn& turn);
  void take_back(const Unverified::Forged& forged, Turn& turn);
  void apply(const schemas::Record& record, Turn& turn);
  void unlike_control(const schemas::Record& record, Turn& turn);
  void follow(const schemas::Head& head, Turn& turn);
  void read_missing(const Progress& progress, Turn& turn);
  void replay_failed(std::string_view reason, Turn& turn);
  void join(Turn& turn);
  void on_deposed(const schemas::LeaseFrame& frame, Turn& turn);
  bool hear_uncommitted(const schemas::LeaseFrame& frame, Turn& turn);
  void take_grants(const schemas::LeaseFrame& frame, Turn& turn);
  void receipt(const schemas::Record& record, Turn& turn);
  void owes_too_much(Turn& turn);
  void beat(Turn& turn);
  void shut(std::string reason, Turn& turn);
  void stop_for_good(std::string reason, Turn& turn);
  void not_understood(std::string_view what, const schemas::Error& error, Turn& turn);
  [[nodiscard]] bool connected() const noexcept { return connected_[0] && connected_[1]; }
  [[nodiscard]] const std::string& why_closed() const noexcept;
  [[nodiscard]] Gate& own_gate() noexcept { return admission_.gate(); }

  const BridgeOptions options_;
  Admission admission_;
  Follower follower_;
  Lease lease_;
  ContactCounters counters_;
  schemas::BridgeState state_ = schemas::BridgeState::kReplaying;
  std::string reason_ = "not connected yet";
  bool stopped_for_good_ = false;
  bool was_open_ = false;  // from then on, kills learnt from a replay are confirmed too
  bool connected_[2] = {false, false};  // by Account
  bool replay_runs_ = false;
  std::uint64_t term_ = 0;           // newest that a lease frame carried
  schemas::Process leader_;          // of that term
  Nanos leader_heard_ = 0;           // its newest lease frame
  bool told_of_deposed_ = false;     // since then
  std::uint64_t round_ = 0;          // of the newest lease frame, and
  std::vector<schemas::Hash> told_;  // the kills that its frames told
  Nanos next_beat_ = 0;
  Nanos replay_again_at_ = 0;
  Nanos write_until_ = 0;  // newest end of a lease since the start; sooner if it leaves
  Sightings sightings_;
  Receipts receipts_;
  Unverified unverified_;
};

}  // namespace estop::bridge
