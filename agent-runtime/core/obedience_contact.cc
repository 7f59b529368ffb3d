// SPDX-License-Identifier: Apache-2.0

// What the answers of control, and their absence, mean.
#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "agent-runtime/core/obedience.h"

namespace estop::agent {
namespace {

using schemas::Errc;

// Answers to hello that asking again will not change.
bool is_final(Errc code) {
  return code == Errc::kBadAddress || code == Errc::kBadArgument ||
         code == Errc::kUnauthenticated || code == Errc::kNotPermitted ||
         code == Errc::kUnknownVersion;
}

}  // namespace

void Obedience::on(const Connected&) {
  contact_.connect(ready_ ? now_ + config_.contact.hello_jitter : now_, now_);
  receipts_.resend(kills_, now_, effects_);
}

void Obedience::on(const SessionLost& event) {
  contact_.end();
  if (ended_) return;
  ended_ = Obscure{to_string(event.error), now_, contact_.hello(), known_incarnation_};
  effects_.emplace_back(EndSession{event.error});
}

void Obedience::on(const Unanswered&) {
  if (const auto count = contact_.unanswered()) effects_.emplace_back(Reconnect{*count});
}

void Obedience::on(const HelloAnswered& event) {
  const auto& reply = event.reply;
  contact_.answered();
  if (!contact_.is_newest(event)) return;
  if (reply.code != Errc::kOk) return on(HelloFailed{{reply.code, reply.detail}});
  if (reply.incarnation < contact_.incarnation()) {
    return not_understood("control knows an older state of the log than this agent does");
  }
  contact_.announced(event, now_);
  if (kills_.lift(event)) contact_.announce_anew(now_);
  if (obscure_ && obscure_->hello_at_sight < event.number &&
      reply.incarnation > obscure_->incarnation_at_sight) {
    obscure_.reset();
  }
  known_incarnation_ = std::max(known_incarnation_, reply.incarnation);
  if (working_ && reply.incarnation > incarnation_) missed_ = now_;
  kills_.adopt(reply.latches, sight());
  effects_.emplace_back(KeepCheckpoints{reply.incarnation, reply.checkpoints});
  receipts_.resend(kills_, now_, effects_);
}

void Obedience::on(const HelloFailed& event) {
  if (event.error.code == Errc::kTimeout) on(Unanswered{});
  if (is_final(event.error.code) && !ready_) return on(SessionLost{event.error});
  // Silence is what the lease is for. An answer that is no use is a fault that nothing else tells.
  const bool is_silence =
      event.error.code == Errc::kTimeout || event.error.code == Errc::kNoContact;
  if (!ready_) {
    effects_.emplace_back(Alarm{event.error});
  } else if (!is_silence) {
    obstructed(event.error);
  }
}

void Obedience::on(const BeatUnreadable& event) {
  contact_.answered();
  obstructed({event.error.code, "control's answer to a beat: " + event.error.detail});
}

void Obedience::on(const BeatAnswered& event) {
  const auto& reply = event.reply;
  contact_.answered();
  const auto asked_at = contact_.take_beat(reply.nonce);
  if (!asked_at) return;
  told_obstacle_.reset();
  receipts_.resend_unsent(kills_, now_, effects_);
  if (reply.code != Errc::kOk || reply.incarnation > contact_.incarnation()) {
    if (contact_.is_announced()) announce_anew();
    if (working_ && reply.incarnation > incarnation_ && !missed_) missed_ = now_;
  } else if (const auto until = contact_.renew(*asked_at, now_)) {
    effects_.emplace_back(RenewLease{*until});
    if (contact_.is_since_hello(reply.nonce)) reach();
  }
  // An answer that is older than the newest hello's may list what that hello ended. A later one
  // that does names a kill that control had lost and holds again.
  const bool is_older = !contact_.is_since_hello(reply.nonce);
  std::vector<schemas::Latch> live;
  std::copy_if(reply.latches.begin(), reply.latches.end(), std::back_inserter(live),
               [&](const schemas::Latch& latch) {
                 return !is_older || !kills_.was_lifted(latch.op_id, latch.scope);
               });
  kills_.adopt(live, sight());
  // Came late, when its resume was past already: only a hello ends it.
  if (contact_.is_announced() && kills_.one_is_over(reply, *asked_at)) announce_anew();
}

// A bridge that takes us for killed or old knows what we missed: ask control now, not in a while.
void Obedience::on(const Doubted& event) {
  if (event.code != Errc::kSenderKilled && event.code != Errc::kOldIncarnation) return;
  contact_.hurry(now_);
}

// Control is there and knows this instance as it is now.
void Obedience::reach() {
  contact_.confirm(now_);
  lost_.reset();
  if (!working_) missed_.reset();
}

void Obedience::check_lease() {
  if (!contact_.lapse(now_)) return;
  effects_.emplace_back(Alarm{{Errc::kNoContact, "control has not answered for a whole lease"}});
  announce_anew();
  if (working_ && config_.stop_on_lost_contact) lost_ = now_;
}

// Said again only when it is another one, or when answers were of use in between.
void Obedience::obstructed(const schemas::Error& error) {
  if (told_obstacle_ == error) return;
  told_obstacle_ = error;
  effects_.emplace_back(Alarm{error});
}

}  // namespace estop::agent
