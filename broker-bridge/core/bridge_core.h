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
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker-bridge/core/admission.h"
#include "broker-bridge/core/bridge_status.h"
#include "broker-bridge/core/effects.h"
#include "broker-bridge/core/follower.h"
#include "broker-bridge/core/lease.h"
#include "broker-bridge/core/log_copy.h"
#include "schemas/order.h"
#include "schemas/snapshot.h"
#include "schemas/subjects.h"

namespace estop::bridge {

struct BridgeOptions {
  schemas::Segment id;
  schemas::PublicKey own_key{};        // receipts are signed with it
  schemas::PublicKey control_key{};    // signs the log and the leases
  schemas::PublicKey operators_key{};  // of the CONTROL account: vouches for operators
  schemas::Subjects subjects = schemas::Subjects::standard();
  Nanos beat = 0;
  Nanos lease = 0;    // in which it forwards
  Nanos arrival = 0;  // of the whole lease, what is left behind that: what was forwarded arrives
  Nanos replay_retry = 0;
  bool obeys_fleet_orders = true;  // false: kills of the fleet need two operators, control decides
  schemas::Process process{};      // random: what is said to an earlier life is not for this one
  std::uint64_t first_nonce = 0;   // random, for the same reason
  GateOptions gate;
};

class BridgeCore {
 public:
  explicit BridgeCore(BridgeOptions options);

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
  struct Sighting {
    schemas::Record kill;
    Nanos at = 0;
  };

  // As the gate knows a kill: one op id may come with two scopes.
  [[nodiscard]] static std::string key_of(const std::string& op_id, const schemas::Scope& scope);
  [[nodiscard]] static std::string key_of(const schemas::Record& kill);
  Latched act_on_sight(const schemas::SignedRecord& kill, Nanos now, Effects& out);
  [[nodiscard]] bool is_contested(const schemas::Record& kill) const;
  void take_back(const schemas::Record& kill, const std::string& whose, Nanos now, Effects& out);
  void take(const schemas::SignedRecord& record, Nanos now, Effects& out);
  void begin(const schemas::SignedRecord& record, Nanos now, Effects& out);
  void apply(const schemas::Record& record, Nanos now, Effects& out);
  void unlike_control(const schemas::Record& record, Nanos now, Effects& out);
  void follow(const schemas::Head& head, Nanos now, Effects& out);
  void read_missing(const Progress& progress, Nanos now, Effects& out);
  void join(Nanos now, Effects& out);
  void on_deposed(const schemas::LeaseFrame& frame, Nanos now, Effects& out);
  bool hear_uncommitted(const schemas::LeaseFrame& frame, Nanos now, Effects& out);
  void take_grants(const schemas::LeaseFrame& frame, Nanos now, Effects& out);
  void receipt(const schemas::Record& record, Nanos now, Effects& out);
  void owe(const schemas::Record& kill, Nanos now, Effects& out);
  void pay_receipts(Nanos now, Effects& out);
  [[nodiscard]] bool may_confirm(Nanos now) const noexcept;
  void beat(Nanos now, Effects& out);
  void shut(std::string reason, Nanos now, Effects& out);
  void stop_for_good(std::string reason, Nanos now, Effects& out);
  void reject_frame(std::string_view what, const schemas::Error& error, Effects& out);
  void not_understood(std::string_view what, const schemas::Error& error, Nanos now, Effects& out);
  void alarm(std::string text, Effects& out);
  [[nodiscard]] bool connected() const noexcept { return connected_[0] && connected_[1]; }
  [[nodiscard]] const std::string& why_closed() const noexcept;
  [[nodiscard]] Gate& own_gate() noexcept { return admission_.gate(); }

  BridgeOptions options_;
  Admission admission_;
  Follower follower_;
  LogCopy copy_;
  std::optional<schemas::SnapshotStart>
      beginning_;  // while the snapshot at which it begins is read
  Lease lease_;
  Counters counters_;  // without those of the intents: see counters()
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
  std::uint64_t connection_ = 0;     // to AGENTS, counted
  Nanos next_beat_ = 0;
  Nanos replay_again_at_ = 0;
  Nanos write_until_ = 0;       // newest end of a lease since the start; sooner if it leaves
  bool has_forwarded_ = false;  // over this AGENTS connection
  Nanos quiet_until_ = 0;       // until then the broker may still read an earlier AGENTS connection
  std::map<std::string, schemas::SignedRecord>
      held_;  // kills that are not in the applied log, by op id and scope
  std::vector<schemas::SignedRecord> unverified_;  // acted on sight, signature not checked yet
  std::vector<schemas::SignedOrder> unverified_orders_;
  // Confirmed once more when AGENTS comes back: a receipt may be lost.
  std::vector<Sighting> recent_;
  std::vector<schemas::Record> owed_;  // kills whose receipt waits for the time to be sent
};

}  // namespace estop::bridge
