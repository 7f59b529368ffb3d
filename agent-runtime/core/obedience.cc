// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/core/obedience.h"

#include <algorithm>
#include <utility>

namespace estop::agent {
namespace {

using schemas::Errc;
using schemas::Latch;
using schemas::Record;
using schemas::RecordKind;

constexpr BootTime kBeatMin = std::chrono::milliseconds{10};

bool lists(const std::vector<Latch>& latches, const Latch& kill) {
  return std::any_of(latches.begin(), latches.end(), [&](const Latch& latch) {
    return latch.op_id == kill.op_id && latch.scope == kill.scope;
  });
}

}  // namespace

Effects Obedience::step(const Event& event, BootTime now) {
  now_ = now;
  effects_.clear();
  check_lease();  // first: what waited in a buffer while the lease ran out must not act
  std::visit([this](const auto& one) { on(one); }, event);
  settle();
  send_due();
  return std::exchange(effects_, {});
}

void Obedience::on(const HelloAnswered& event) {
  const auto& reply = event.reply;
  answered();
  if (event.number <= hello_answered_) return;
  if (reply.code != Errc::kOk) return on(HelloFailed{{reply.code, reply.detail}});
  if (reply.incarnation < announced_incarnation_) {
    return not_understood("control knows an older state of the log than this agent does");
  }
  hello_answered_ = event.number;
  announced_ = true;
  confirmed_ = false;
  nonce_at_hello_ = nonce_;
  announced_incarnation_ = reply.incarnation;
  lease_ = std::chrono::milliseconds{reply.lease_ms};
  beat_every_ =
      std::max(kBeatMin, std::min<BootTime>(std::chrono::milliseconds{reply.beat_ms}, lease_ / 3));
  beat_at_ = now_;
  lift(event);
  known_incarnation_ = std::max(known_incarnation_, reply.incarnation);
  if (working_ && reply.incarnation > incarnation_) missed_ = now_;
  adopt(reply.latches);
  effects_.emplace_back(KeepCheckpoints{reply.incarnation, reply.checkpoints});
  resend_receipts();
}

// The only way out of a kill. A kill that is not listed and still cannot be lifted by this hello,
// because that was sent before the kill was seen, is asked about once more.
void Obedience::lift(const HelloAnswered& event) {
  const auto& reply = event.reply;
  for (auto at = orders_.begin(); at != orders_.end();) {
    const Order& order = at->second;
    const bool asked_before = order.hello_at_sight >= event.number;
    const bool listed = lists(reply.latches, order.latch);
    if (listed || reply.incarnation <= order.incarnation_at_sight || asked_before) {
      if (!listed && asked_before) announce_anew(now_);
      ++at;
      continue;
    }
    remember_lifted(order.latch.op_id, order.latch.scope);
    at = orders_.erase(at);
  }
  if (obscure_ && obscure_->hello_at_sight < event.number &&
      reply.incarnation > obscure_->incarnation_at_sight) {
    obscure_.reset();
  }
}

void Obedience::adopt(const std::vector<Latch>& latches) {
  for (const Latch& latch : latches) {
    const std::string key = key_of(latch.op_id, latch.scope);
    if (const auto known = orders_.find(key); known != orders_.end()) {
      known->second.verified = true;
      continue;
    }
    std::erase(lifted_, key);
    orders_.emplace(key, make_order(latch, schemas::kGrace_ms, true));
  }
}

void Obedience::on(const BeatAnswered& event) {
  const auto& reply = event.reply;
  answered();
  const auto sent = beats_.find(reply.nonce);
  if (sent == beats_.end()) return;
  told_obstacle_.reset();
  if (std::exchange(receipts_unsent_, false)) resend_receipts();
  const BootTime asked_at = sent->second;
  const BootTime until = asked_at + lease_;
  beats_.erase(beats_.begin(), std::next(sent));
  if (reply.code != Errc::kOk || reply.incarnation > announced_incarnation_) {
    if (announced_) announce_anew(now_ + config_.hello_jitter);
    if (working_ && reply.incarnation > incarnation_ && !missed_) missed_ = now_;
  } else if (until > now_) {
    lease_until_ = std::max(lease_until_, until);
    contact_ = true;
    effects_.emplace_back(RenewLease{lease_until_});
    if (announced_ && reply.nonce > nonce_at_hello_) reach();
  }
  // An answer that is older than the newest hello's may list what that hello ended. A later one
  // that does names a kill that control had lost and holds again.
  const bool is_older = !announced_ || reply.nonce <= nonce_at_hello_;
  std::vector<Latch> live;
  std::copy_if(
      reply.latches.begin(), reply.latches.end(), std::back_inserter(live),
      [&](const Latch& latch) { return !is_older || !was_lifted(latch.op_id, latch.scope); });
  adopt(live);
  // Came late, when its resume was past already: only a hello ends it.
  const bool one_is_over = std::any_of(orders_.begin(), orders_.end(), [&](const auto& entry) {
    return asked_at >= entry.second.seen_at && !lists(reply.latches, entry.second.latch) &&
           reply.incarnation > entry.second.incarnation_at_sight;
  });
  if (announced_ && one_is_over) announce_anew(now_ + config_.hello_jitter);
}

void Obedience::on(const OrderSeen& event) {
  const Record& record = event.record;
  if (record.kind == RecordKind::kKill && covers_us(record.scope)) {
    if (was_lifted(record.op_id, record.scope)) return;
    const std::string key = key_of(record.op_id, record.scope);
    if (const auto known = orders_.find(key); known != orders_.end()) {
      if (known->second.receipt_sent) tell(known->second, false);
      return;
    }
    Order order = make_order(latch_of(record), record.grace_ms, false);
    order.epoch = record.epoch;
    orders_.emplace(key, std::move(order));
    raise();
  } else if (record.kind != RecordKind::kKill && record.kind != RecordKind::kResume) {
    return;  // bridges and leaders: not for runtimes
  }
  effects_.emplace_back(CheckOrder{record});
}

void Obedience::on(const OrderChecked& event) {
  const Record& record = event.record;
  if (!event.signed_by_control) {
    const auto held = orders_.find(key_of(record.op_id, record.scope));
    if (held != orders_.end() && !held->second.verified) orders_.erase(held);
    effects_.emplace_back(Alarm{{Errc::kBadSignature, "an order that control did not sign: " +
                                                          std::string(name(record.kind)) + " of " +
                                                          record.scope.text()}});
    return;
  }
  if (record.kind == RecordKind::kResume) return resumed(record);
  const auto held = orders_.find(key_of(record.op_id, record.scope));
  if (held != orders_.end()) {
    held->second.verified = true;
    settle();  // our own work first, so that it is counted as ours
  }
  effects_.emplace_back(PeerKilled{record});
}

// It lifts kills of its own scope. Of another op id and scope it says nothing, and of a scope that
// is not ours nothing needs to be remembered.
void Obedience::resumed(const Record& record) {
  effects_.emplace_back(PeerResumed{record});
  if (!covers_us(record.scope)) return;
  for (const auto& op_id : record.lifts) {
    if (orders_.contains(key_of(op_id, record.scope))) continue;
    remember_lifted(op_id, record.scope);  // so it may come late: it is over
  }
  for (auto& [key, order] : orders_) {
    if (!lifts(record, order)) continue;
    // It came behind a newer resume: this one's incarnation is enough to end it.
    order.incarnation_at_sight = std::min(order.incarnation_at_sight, record.incarnation - 1);
  }
  if (announced_ && announced_incarnation_ >= record.incarnation) return;
  known_incarnation_ = std::max(known_incarnation_, record.incarnation);
  announce_anew(now_ + config_.hello_jitter);
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
  announce_anew(now_);  // damaged: the hello's answer says what holds
}

void Obedience::on(const WorkStopped& event) {
  if (event.drain != drain_.number) return;
  drain_.counted = true;
  drain_.cancelled = event.cancelled;
  drain_.dropped = event.dropped;
  if (event.cancelled == 0) drain_.handlers_ended = true;
}

void Obedience::on(const HandlersEnded& event) {
  if (event.drain == drain_.number) drain_.handlers_ended = true;
}

void Obedience::on(const CallbackReturned& event) {
  if (event.drain == drain_.number) drain_.callback_returned = true;
}

// A bridge that takes us for killed or old knows what we missed: ask control now, not in a while.
void Obedience::on(const Doubted& event) {
  if (event.code != Errc::kSenderKilled && event.code != Errc::kOldIncarnation) return;
  if (announced_ && beats_.empty()) beat_at_ = now_;
}

void Obedience::on(const Tick&) {}

void Obedience::not_understood(std::string reason) {
  if (obscure_) return;
  obscure_ = Obscure{std::move(reason), now_, hello_, known_incarnation_};
  announce_anew(now_ + config_.hello_retry);
}

void Obedience::announce_anew(BootTime at) {
  announced_ = false;
  confirmed_ = false;
  hello_at_ = at;
}

void Obedience::settle() {
  raise();
  if (const auto why = halt(true); why && working_) stop_work(*why);
  settle_receipts();
  if (!halt(false)) go_on();
  if (confirmed_ && !std::exchange(ready_, true)) effects_.emplace_back(BecomeReady{});
}

void Obedience::go_on() {
  if (working_) {
    if (std::exchange(told_, std::nullopt)) effects_.emplace_back(LowerStop{});
    return;
  }
  if (!confirmed_ || !connected_ || !contact_ || !drain_.callback_returned) return;
  working_ = true;
  told_.reset();
  incarnation_ = announced_incarnation_;
  effects_.emplace_back(StartWork{++life_, incarnation_});
}

void Obedience::raise() {
  auto why = halt(false);
  if (!why || why == told_) return;
  effects_.emplace_back(RaiseStop{*why});
  told_ = std::move(why);
}

void Obedience::stop_work(const Halt& why) {
  working_ = false;
  drain_ = Drain{drain_.number + 1, 0, 0, false, false, false};
  effects_.emplace_back(StopWork{drain_.number, why});
}

}  // namespace estop::agent
