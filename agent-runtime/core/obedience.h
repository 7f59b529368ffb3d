// SPDX-License-Identifier: Apache-2.0

// Obedience: when this instance stops, when it may continue, and what it reports to control.
//
// One state machine for hello, beats, lease, kills, resumes and the end of work. Pure: `now` is an
// argument, effects are the result. Not thread-safe; the runtime's I/O thread owns it.
//
//   announcing --hello answered--> announced --a later beat answered--> running
//        ^                                                                |
//        +-- resume seen, lease out, control forgot us -------------------+
//
// Rules, with the design's numbers:
// - A kill raises the flag at first sight; work is stopped when its signature is verified (§3.3).
// - Only a hello ends a kill. The hello was sent after the kill was seen. Its reply does not list
//   the kill, and carries a higher incarnation than was known then, or than the kill's place in the
//   log, or at least that of a resume that names it. A resume seen live only causes that hello, so
//   no order of arrival can open too early. An ended kill is ignored when it comes again, but not
//   when the answer to a later beat lists it: then control had lost it, and holds it again.
// - Without a lease (§3.7, contact.h) work stops, as loss of contact; a new hello and beat end it.
// - Each kill is confirmed by a receipt (receipts.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent-runtime/core/contact.h"
#include "agent-runtime/core/obedience_types.h"
#include "agent-runtime/core/own_kills.h"
#include "agent-runtime/core/receipts.h"

namespace estop::agent {

struct ObedienceConfig {
  schemas::Address address;
  schemas::Instance instance;
  bool stop_on_lost_contact = true;
  ContactConfig contact{};
  std::size_t lifted_max = 1'024;  // ended kills that are remembered
};

class Obedience {
 public:
  explicit Obedience(ObedienceConfig config)
      : config_(std::move(config)), contact_(config_.contact), kills_(config_.lifted_max) {}

  [[nodiscard]] Effects step(const Event& event, BootTime now);
  // When the next Tick is due; nullopt: there is nothing to wait for.
  [[nodiscard]] std::optional<BootTime> next_deadline() const;

 private:
  struct Obscure {  // not understood, or the end of the session
    std::string reason;
    BootTime since{};
    std::uint64_t hello_at_sight = 0;
    std::uint64_t incarnation_at_sight = 0;
  };

  void on(const Connected&);
  void on(const SessionLost& event);
  void on(const HelloAnswered& event);
  void on(const HelloFailed& event);
  void on(const BeatAnswered& event);
  void on(const OrderSeen& event);
  void on(const OrderChecked& event);
  void on(const OrderUnreadable& event);
  void on(const Doubted& event);
  void on(const Unanswered&);
  void on(const BeatUnreadable& event);

  void resumed(const schemas::Record& record);
  void not_understood(std::string reason);
  void obstructed(const schemas::Error& error);
  void announce_anew() { contact_.announce_anew(now_ + config_.contact.hello_jitter); }
  void reach();
  void check_lease();
  void settle();  // after every event: decides by the present state
  void raise();
  void go_on();
  [[nodiscard]] Sight sight() const { return {now_, contact_.hello(), known_incarnation_}; }
  [[nodiscard]] bool covers_us(const schemas::Scope& scope) const;
  [[nodiscard]] std::optional<Halt> halt(bool verified_only) const;

  const ObedienceConfig config_;
  BootTime now_{};
  Effects effects_;

  Contact contact_;
  OwnKills kills_;
  Receipts receipts_;
  bool ready_ = false;
  std::uint64_t incarnation_ = 0;        // of the current life
  std::uint64_t known_incarnation_ = 0;  // the highest that control named
  std::uint64_t life_ = 0;
  bool working_ = false;
  std::optional<Obscure> ended_;
  std::optional<BootTime> lost_;    // since when
  std::optional<BootTime> missed_;  // a kill and its resume happened unseen
  std::optional<Obscure> obscure_;
  std::optional<schemas::Error> told_obstacle_;  // why control's answers are unusable
  std::optional<Halt> told_;                     // with the last RaiseStop
};

}  // namespace estop::agent
