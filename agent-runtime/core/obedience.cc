// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/core/obedience.h"

#include <algorithm>
#include <utility>

namespace estop::agent {
namespace {

using schemas::Errc;
using schemas::Record;

constexpr BootTime kGrace = std::chrono::milliseconds{schemas::kGrace_ms};

}  // namespace

Effects Obedience::step(const Event& event, BootTime now) {
  now_ = now;
  effects_.clear();
  check_lease();  // first: what waited in a buffer while the lease ran out must not act
  std::visit(
      [this](const auto& one) {  // whose business it is
        if constexpr (requires { contact_.on(one); }) {
          contact_.on(one);
        } else if constexpr (requires { receipts_.on(one); }) {
          receipts_.on(one);
        } else if constexpr (!std::is_same_v<decltype(one), const Tick&>) {
          on(one);
        }
      },
      event);
  settle();
  contact_.send_due(now_, !kills_.is_empty(), effects_);
  return std::exchange(effects_, {});
}

std::optional<BootTime> Obedience::next_deadline() const {
  const auto contact = contact_.next_deadline();
  const auto receipts = receipts_.next_deadline(kills_);
  if (!contact || !receipts) return contact ? contact : receipts;
  return std::min(*contact, *receipts);
}

void Obedience::on(const OrderSeen& event) {
  const Record& record = event.record;
  const auto* kill = std::get_if<schemas::Kill>(&record.body);
  if (kill != nullptr && covers_us(kill->scope)) {
    if (kills_.was_lifted(record.op_id, kill->scope)) return;
    if (const OwnKill* known = kills_.find(record.op_id, kill->scope)) {
      if (known->receipt_sent) receipts_.tell(*known, false, now_, effects_);
      return;
    }
    kills_.see(record, sight());
    raise();
  } else if (kill == nullptr && !record.is<schemas::Resume>()) {
    return;  // bridges and leaders: not for runtimes
  }
  effects_.emplace_back(CheckOrder{record});
}

void Obedience::on(const OrderChecked& event) {
  const Record& record = event.record;
  if (!event.signed_by_control) {
    kills_.forged(record);
    effects_.emplace_back(Alarm{{Errc::kBadSignature, "an order that control did not sign: " +
                                                          std::string(name(record.kind())) +
                                                          " of " + record.scope().text()}});
    return;
  }
  if (record.is<schemas::Resume>()) return resumed(record);
  if (OwnKill* held = kills_.find(record.op_id, record.scope())) {
    held->verified = true;
    settle();  // our own work first, so that it is counted as ours
  }
  effects_.emplace_back(PeerKilled{record});
}

// Of another op id and scope it says nothing, and of a scope that is not ours nothing needs to be
// remembered.
void Obedience::resumed(const Record& record) {
  effects_.emplace_back(PeerResumed{record});
  const schemas::Resume& resume = record.resume();
  if (!covers_us(resume.scope)) return;
  kills_.resume(resume);
  if (contact_.is_announced() && contact_.incarnation() >= resume.incarnation) return;
  known_incarnation_ = std::max(known_incarnation_, resume.incarnation);
  announce_anew();
}

// What is not understood stops, if it is control's own. Anything else that cannot be read would let
// whoever reaches the subject stop all agents, or make all of them say hello at once.
void Obedience::on(const OrderUnreadable& event) {
  if (!event.signed_by_control) {
    effects_.emplace_back(
        Alarm{{Errc::kBadSignature,
               "what control did not sign, and is no order: " + to_string(event.error)}});
    return;
  }
  effects_.emplace_back(Alarm{event.error});
  if (event.error.code == Errc::kUnknownType || event.error.code == Errc::kUnknownVersion) {
    return not_understood("control gave an order of a newer Estop: " + to_string(event.error));
  }
  contact_.announce_anew(now_);  // damaged: the hello's answer says what holds
}

void Obedience::not_understood(std::string reason) {
  if (obscure_) return;
  obscure_ = Obscure{std::move(reason), now_, contact_.hello(), known_incarnation_};
  contact_.announce_anew(now_ + config_.contact.hello_retry);
}

void Obedience::settle() {
  raise();
  if (const auto why = halt(true); why && working_) {
    working_ = false;
    effects_.emplace_back(StopWork{receipts_.drain(), *why});
  }
  receipts_.settle(kills_, now_, effects_);
  if (!halt(false)) go_on();
  if (contact_.is_confirmed() && !std::exchange(ready_, true)) {
    effects_.emplace_back(BecomeReady{});
  }
}

void Obedience::go_on() {
  if (working_) {
    if (std::exchange(told_, std::nullopt)) effects_.emplace_back(LowerStop{});
    return;
  }
  if (!contact_.is_confirmed() || !contact_.is_connected() || !contact_.has_lease()) return;
  if (!receipts_.has_called_back()) return;
  working_ = true;
  told_.reset();
  incarnation_ = contact_.incarnation();
  effects_.emplace_back(StartWork{++life_, incarnation_});
}

void Obedience::raise() {
  auto why = halt(false);
  if (!why || why == told_) return;
  effects_.emplace_back(RaiseStop{*why});
  told_ = std::move(why);
}

bool Obedience::covers_us(const schemas::Scope& scope) const {
  return scope.covers(config_.address, config_.instance.text());
}

std::optional<Halt> Obedience::halt(bool verified_only) const {
  if (const OwnKill* first = kills_.first_seen(verified_only)) {
    const BootTime grace = std::chrono::milliseconds{first->grace_ms};
    return Halt{StopCause::kKill, first->latch, first->latch.reason, first->seen_at + grace};
  }
  const auto other = [](StopCause cause, std::string reason, BootTime since) {
    return Halt{cause, {}, std::move(reason), since + kGrace};
  };
  if (ended_) return other(StopCause::kSessionEnded, ended_->reason, ended_->since);
  if (obscure_) return other(StopCause::kNotUnderstood, obscure_->reason, obscure_->since);
  if (missed_) {
    return other(StopCause::kKill, "stopped and resumed while out of contact", *missed_);
  }
  if (lost_) {
    return other(StopCause::kLostContact, "control has not answered for a whole lease", *lost_);
  }
  return std::nullopt;
}

}  // namespace estop::agent
