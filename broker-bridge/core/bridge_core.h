// SPDX-License-Identifier: Apache-2.0

// Every decision of a bridge: events and the time in, effects out.
//
// Only the composition of the modules: which of them receives which event, and in which order.
// Contact decides whether the bridge is open, kills decide which kills hold, admission decides
// which intents pass. `now` is CLOCK_BOOTTIME. Pure: no I/O, clock, thread or random source. Not
// thread-safe.
#pragma once

#include <optional>
#include <string_view>

#include "broker-bridge/core/admission/admission.h"
#include "broker-bridge/core/bridge_options.h"
#include "broker-bridge/core/bridge_status.h"
#include "broker-bridge/core/contact/beats.h"
#include "broker-bridge/core/contact/contact.h"
#include "broker-bridge/core/contact/control_log.h"
#include "broker-bridge/core/contact/follower.h"
#include "broker-bridge/core/contact/log_copy.h"
#include "broker-bridge/core/effects.h"
#include "broker-bridge/core/kills/kills.h"
#include "broker-bridge/core/kills/receipts.h"
#include "broker-bridge/core/kills/sightings.h"
#include "schemas/snapshot.h"

namespace estop::bridge {

class BridgeCore {
 public:
  explicit BridgeCore(BridgeOptions options);
  BridgeCore(const BridgeCore&) = delete;  // its modules know each other
  BridgeCore& operator=(const BridgeCore&) = delete;

  // Events. Each appends the effects to `out`, in the order in which the shell performs them.

  void on_connected(Account account, Nanos now, Effects& out);
  void on_disconnected(Account account, Nanos now, Effects& out);
  void on_log(std::string_view frame, Nanos now, Effects& out);    // estop.log, live
  void on_lease(std::string_view frame, Nanos now, Effects& out);  // estop.lease
  void on_emergency(const schemas::EmergencySubject& from, std::string_view order, Nanos now,
                    Effects& out);
  void on_replayed(std::string_view frame, Nanos now, Effects& out);
  void on_replay_done(Nanos now, Effects& out);
  void on_replay_failed(std::string_view reason, Nanos now, Effects& out);
  void on_tick(Nanos now, Effects& out);   // at least ten times per beat
  void on_leave(Nanos now, Effects& out);  // a clean stop is wanted
  // The connection did not take the receipt. The next tick tries again.
  void on_receipt_unsent(const SendReceipt& unsent, Nanos now, Effects& out);
  // Call this after the effects of on_log or on_emergency. It checks the signatures of kills that
  // acted at first sight, and undoes those that their author did not sign.
  void settle(Nanos now, Effects& out);

  // As in Admission; while the bridge is closed, nothing passes.
  [[nodiscard]] const IntentOutcome& on_intent(std::string_view subject, std::string_view data,
                                               Nanos now);
  void forwarded();
  [[nodiscard]] const IntentOutcome& not_forwarded(std::string_view subject, std::string_view data);
  // Whether forwarded bytes may still be written (Contact::write_until).
  [[nodiscard]] bool may_write(Nanos now) const noexcept { return now < contact_.write_until(); }

  [[nodiscard]] BridgeStatus status(Nanos now) const;

  // For tests.
  [[nodiscard]] bool is_open(Nanos now) const noexcept { return contact_.is_open(now); }
  [[nodiscard]] Counters counters() const noexcept { return {admission_.counters(), counters_}; }
  [[nodiscard]] const Contact& contact() const noexcept { return contact_; }
  [[nodiscard]] const Gate& gate() const noexcept { return admission_.gate(); }

 private:
  void follow(const ControlLog::Committed& committed, Turn& turn);
  void take(const schemas::SignedRecord& record, Turn& turn);
  void begin(const schemas::SignedRecord& record, Turn& turn);
  void apply(const schemas::Record& record, Turn& turn);

  const BridgeOptions options_;
  ContactCounters counters_;
  Admission admission_;
  Follower follower_;
  LogCopy copy_;
  // While the bridge reads the snapshot at which it begins.
  std::optional<schemas::SnapshotStart> beginning_;
  Sightings sightings_;
  Receipts receipts_;
  Beats beats_;
  Contact contact_;
  ControlLog log_;
  Kills kills_;
};

}  // namespace estop::bridge
