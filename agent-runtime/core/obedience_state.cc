// SPDX-License-Identifier: Apache-2.0

// What obedience knows, what it tells control, and when it wants to be woken.
#include <algorithm>
#include <utility>

#include "agent-runtime/core/obedience.h"

namespace estop::agent {
namespace {

constexpr std::size_t kBeatsOpenMax = 8;  // unanswered beats whose sending time is remembered
constexpr BootTime kUnconfirmedBeat = std::chrono::milliseconds{500};
constexpr BootTime kGrace = std::chrono::milliseconds{schemas::kGrace_ms};

// Even a handler that looks at its token at once needs a moment; before that nothing is overdue.
constexpr BootTime kOverdueMin = std::chrono::milliseconds{250};

BootTime grace_of(std::uint32_t grace_ms) {
  return std::chrono::milliseconds{grace_ms};
}

}  // namespace

void Obedience::settle_receipts() {
  for (auto& [op_id, order] : orders_) {
    if (!order.verified || order.receipt_sent) continue;
    if (drained()) {
      tell(order, false);
      order.receipt_sent = true;
    } else if (drain_.counted && !order.overdue_told && now_ >= overdue_at(order)) {
      tell(order, true);
      order.overdue_told = true;
    }
  }
}

// The first may have been lost with the connection, or with control.
void Obedience::resend_receipts() {
  for (const auto& [op_id, order] : orders_) {
    if (order.receipt_sent) tell(order, false);
  }
}

void Obedience::tell(const Order& order, bool grace_exceeded) {
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now_ - order.seen_at);
  schemas::StoppedReceipt receipt;
  receipt.op_id = order.latch.op_id;
  receipt.seq = order.latch.seq;
  receipt.handlers_cancelled = drain_.cancelled;
  receipt.intents_dropped = drain_.dropped;
  receipt.grace_exceeded = grace_exceeded;
  receipt.stopped_in_us = static_cast<std::uint64_t>(took.count());
  effects_.emplace_back(SendReceipt{std::move(receipt)});
}

void Obedience::send_due() {
  if (!connected_ || ended_) return;
  if (!announced_) {
    if (now_ < hello_at_) return;
    effects_.emplace_back(SendHello{++hello_});
    hello_at_ = now_ + config_.hello_retry;
    return;
  }
  if (now_ < beat_at_) return;
  beats_.emplace(++nonce_, now_);
  if (beats_.size() > kBeatsOpenMax) beats_.erase(beats_.begin());
  effects_.emplace_back(SendBeat{nonce_, announced_incarnation_, !orders_.empty()});
  beat_at_ = now_ + (confirmed_ ? beat_every_ : std::min(beat_every_, kUnconfirmedBeat));
}

std::optional<BootTime> Obedience::next_deadline() const {
  std::optional<BootTime> due;
  const auto consider = [&due](BootTime at) { due = due ? std::min(*due, at) : at; };
  if (connected_ && !ended_) consider(announced_ ? beat_at_ : hello_at_);
  if (contact_) consider(lease_until_);
  for (const auto& [op_id, order] : orders_) {
    if (order.verified && !order.receipt_sent && !order.overdue_told) consider(overdue_at(order));
  }
  return due;
}

Obedience::Order Obedience::make_order(schemas::Latch latch, std::uint32_t grace_ms,
                                       bool verified) const {
  if (latch.mode == schemas::KillMode::kNow) grace_ms = 0;
  // A resume may be known that came after this kill in the log: incarnations grow with its places.
  const auto known = latch.seq == 0 ? known_incarnation_ : std::min(known_incarnation_, latch.seq);
  return {{std::move(latch)}, grace_ms, now_, hello_, known, verified, false, false};
}

BootTime Obedience::overdue_at(const Order& order) {
  return order.seen_at + std::max(kOverdueMin, grace_of(order.grace_ms));
}

bool Obedience::covers_us(const schemas::Scope& scope) const {
  return scope.covers(config_.address, config_.instance.text());
}

bool Obedience::drained() const {
  return !working_ && drain_.counted && drain_.handlers_ended && drain_.callback_returned;
}

std::string Obedience::key_of(const std::string& op_id, const schemas::Scope& scope) {
  return op_id + ' ' + scope.text();
}

void Obedience::remember_lifted(const std::string& op_id, const schemas::Scope& scope) {
  if (was_lifted(op_id, scope)) return;
  lifted_.push_back(key_of(op_id, scope));
  if (lifted_.size() > config_.lifted_max) lifted_.pop_front();
}

bool Obedience::was_lifted(const std::string& op_id, const schemas::Scope& scope) const {
  return std::find(lifted_.begin(), lifted_.end(), key_of(op_id, scope)) != lifted_.end();
}

std::optional<Halt> Obedience::halt(bool verified_only) const {
  const Order* first = nullptr;
  for (const auto& [op_id, order] : orders_) {
    if (verified_only && !order.verified) continue;
    if (first == nullptr || order.seen_at < first->seen_at) first = &order;
  }
  if (first != nullptr) {
    return Halt{StopCause::kKill, first->latch, first->latch.reason,
                first->seen_at + grace_of(first->grace_ms)};
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
