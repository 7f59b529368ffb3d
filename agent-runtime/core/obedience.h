// SPDX-License-Identifier: Apache-2.0

// Obedience: when this instance stops, when it may go on, and what it tells control.
//
// One state machine for hello, beats, lease, kills, resumes and the end of work. Pure: `now` is an
// argument, effects are the result. Not thread-safe; the runtime's I/O thread owns it.
//
//   announcing --hello answered--> announced --a later beat answered--> running
//        ^                                                                |
//        +-- resume seen, lease out, control forgot us -------------------+
//
// Rules, with the design's numbers:
// - A kill raises the flag on sight; work is stopped when its signature is verified (§3.3).
// - Only a hello ends a kill: one sent after the kill was seen, whose reply does not list it and
//   carries a higher incarnation than was known then, or than the kill's place in the log, or at
//   least that of a resume that names it. A resume seen live only causes that hello, so no order of
//   arrival can open too early. A kill that was ended so is ignored when it comes again, but not
//   when a later beat's answer lists it: control had lost it, and holds it again.
// - The lease runs from the sending of the beat that was answered (§3.7). Without it work stops, as
//   loss of contact; a new hello and beat end that.
// - The receipt goes out when handlers and callback have ended. If they have not when the grace is
//   over, one with grace_exceeded says so, and another follows when they have.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "agent-runtime/core/obedience_types.h"
#include "schemas/holds.h"

namespace estop::agent {

struct ObedienceConfig {
  schemas::Address address;
  schemas::Instance instance;
  bool stop_on_lost_contact = true;
  BootTime hello_jitter{};  // of this instance: spreads a fleet that resumes at once
  BootTime hello_retry{1'000'000'000};
  std::size_t lifted_max = 1'024;  // ended kills that are remembered
  // Hellos and beats in a row without any answer, after which the connection is made anew; doubled
  // each time up to the second number, for control itself may be what is silent.
  std::uint64_t unanswered_max = 3;
  std::uint64_t unanswered_most = 48;
};

class Obedience {
 public:
  explicit Obedience(ObedienceConfig config) : config_(std::move(config)) {}

  [[nodiscard]] Effects step(const Event& event, BootTime now);
  // When the next Tick is due; nullopt: nothing is waited for.
  [[nodiscard]] std::optional<BootTime> next_deadline() const;

 private:
  struct Order : schemas::Hold {  // a kill that covers this instance
    std::uint32_t grace_ms = 0;
    BootTime seen_at{};
    std::uint64_t hello_at_sight = 0;
    std::uint64_t incarnation_at_sight = 0;
    bool verified = false;
    bool overdue_told = false;
    bool receipt_sent = false;
  };
  struct Obscure {  // not understood, or the end of the session
    std::string reason;
    BootTime since{};
    std::uint64_t hello_at_sight = 0;
    std::uint64_t incarnation_at_sight = 0;
  };
  struct Drain {  // the end of a life's work
    std::uint64_t number = 0;
    std::uint64_t cancelled = 0;
    std::uint64_t dropped = 0;
    bool counted = true;  // WorkStopped has come
    bool handlers_ended = true;
    bool callback_returned = true;
  };

  void on(const Connected&);
  void on(const Disconnected&);
  void on(const SessionLost& event);
  void on(const HelloAnswered& event);
  void on(const HelloFailed& event);
  void on(const BeatAnswered& event);
  void on(const OrderSeen& event);
  void on(const OrderChecked& event);
  void on(const OrderUnreadable& event);
  void on(const WorkStopped& event);
  void on(const HandlersEnded& event);
  void on(const CallbackReturned& event);
  void on(const Doubted& event);
  void on(const Unanswered&);
  void on(const BeatUnreadable& event);
  void on(const ReceiptUnsent&);
  void on(const Tick&);

  void adopt(const std::vector<schemas::Latch>& latches);
  void resumed(const schemas::Record& record);
  void lift(const HelloAnswered& event);
  void remember_lifted(const std::string& op_id, const schemas::Scope& scope);
  void not_understood(std::string reason);
  void obstructed(const schemas::Error& error);
  void announce_anew(BootTime at);
  void reach();
  void answered();
  void check_lease();
  void settle();  // after every event: from what is known to what is done
  void raise();
  void go_on();
  void stop_work(const Halt& why);
  void settle_receipts();
  void resend_receipts();
  void tell(const Order& order, bool grace_exceeded);
  void send_due();

  [[nodiscard]] Order make_order(schemas::Latch latch, std::uint32_t grace_ms, bool verified) const;
  [[nodiscard]] bool covers_us(const schemas::Scope& scope) const;
  [[nodiscard]] bool was_lifted(const std::string& op_id, const schemas::Scope& scope) const;
  [[nodiscard]] static std::string key_of(const std::string& op_id, const schemas::Scope& scope);
  [[nodiscard]] bool drained() const;
  [[nodiscard]] static BootTime overdue_at(const Order& order);
  [[nodiscard]] std::optional<Halt> halt(bool verified_only) const;

  const ObedienceConfig config_;
  BootTime now_{};
  Effects effects_;

  bool connected_ = false;
  bool contact_ = false;  // the lease holds
  std::optional<Obscure> ended_;
  bool announced_ = false;  // the newest hello was answered
  bool confirmed_ = false;  // and a beat after it
  bool ready_ = false;
  std::uint64_t hello_ = 0;           // number of the newest sent
  std::uint64_t hello_answered_ = 0;  // number of the newest answered
  BootTime hello_at_{};
  std::uint64_t nonce_ = 0;
  std::uint64_t nonce_at_hello_ = 0;
  std::map<std::uint64_t, BootTime> beats_;  // sent and not answered
  BootTime beat_at_{};
  BootTime beat_every_{std::chrono::milliseconds{schemas::kAgentBeat_ms}};
  BootTime lease_{std::chrono::milliseconds{schemas::kAgentLease_ms}};
  BootTime lease_until_{};

  std::uint64_t unanswered_ = 0;  // in a row, on this connection
  std::uint64_t patience_ = 0;    // how many of them are borne; 0: as configured

  std::uint64_t incarnation_ = 0;  // of the current life
  std::uint64_t announced_incarnation_ = 0;
  std::uint64_t known_incarnation_ = 0;  // the highest heard of
  std::uint64_t life_ = 0;
  bool working_ = false;
  std::optional<BootTime> lost_;    // since when
  std::optional<BootTime> missed_;  // a kill and its resume happened unseen
  std::optional<Obscure> obscure_;
  // By op id and scope, as control and the bridges know a kill: one op id may come with two scopes,
  // and a resume lifts the kill of its own.
  std::map<std::string, Order> orders_;
  std::deque<std::string> lifted_;               // as the keys of orders_
  bool receipts_unsent_ = false;                 // over a connection that stands
  std::optional<schemas::Error> told_obstacle_;  // why control's answers are no use
  Drain drain_;
  std::optional<Halt> told_;  // with the last RaiseStop
};

}  // namespace estop::agent
