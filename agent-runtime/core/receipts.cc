// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/core/receipts.h"

#include <algorithm>
#include <utility>

namespace estop::agent {
namespace {

// Even a handler that looks at its token at once needs a moment; before that nothing is overdue.
constexpr BootTime kOverdueMin = std::chrono::milliseconds{250};

BootTime overdue_at(const OwnKill& kill) {
  const BootTime grace = std::chrono::milliseconds{kill.grace_ms};
  return kill.seen_at + std::max(kOverdueMin, grace);
}

}  // namespace

std::uint64_t Receipts::drain() {
  drain_ = Drain{drain_.number + 1, 0, 0, false, false, false};
  return drain_.number;
}

void Receipts::on(const WorkStopped& event) {
  if (event.drain != drain_.number) return;
  drain_.counted = true;
  drain_.cancelled = event.cancelled;
  drain_.dropped = event.dropped;
  if (event.cancelled == 0) drain_.handlers_ended = true;
}

void Receipts::on(const HandlersEnded& event) {
  if (event.drain == drain_.number) drain_.handlers_ended = true;
}

void Receipts::on(const CallbackReturned& event) {
  if (event.drain == drain_.number) drain_.callback_returned = true;
}

bool Receipts::is_over() const {
  return drain_.counted && drain_.handlers_ended && drain_.callback_returned;
}

void Receipts::settle(OwnKills& kills, BootTime now, Effects& out) {
  for (auto& [key, kill] : kills.all()) {
    if (!kill.verified || kill.receipt_sent) continue;
    if (is_over()) {
      tell(kill, false, now, out);
      kill.receipt_sent = true;
    } else if (drain_.counted && !kill.overdue_told && now >= overdue_at(kill)) {
      tell(kill, true, now, out);
      kill.overdue_told = true;
    }
  }
}

void Receipts::resend(const OwnKills& kills, BootTime now, Effects& out) const {
  for (const auto& [key, kill] : kills.all()) {
    if (kill.receipt_sent) tell(kill, false, now, out);
  }
}

void Receipts::resend_unsent(const OwnKills& kills, BootTime now, Effects& out) {
  if (std::exchange(unsent_, false)) resend(kills, now, out);
}

void Receipts::tell(const OwnKill& kill, bool grace_exceeded, BootTime now, Effects& out) const {
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - kill.seen_at);
  schemas::StoppedReceipt receipt;
  receipt.op_id = kill.latch.op_id;
  receipt.seq = kill.latch.seq;
  receipt.handlers_cancelled = drain_.cancelled;
  receipt.intents_dropped = drain_.dropped;
  receipt.grace_exceeded = grace_exceeded;
  receipt.stopped_in_us = static_cast<std::uint64_t>(took.count());
  out.emplace_back(SendReceipt{std::move(receipt)});
}

std::optional<BootTime> Receipts::next_deadline(const OwnKills& kills) const {
  std::optional<BootTime> due;
  for (const auto& [key, kill] : kills.all()) {
    if (!kill.verified || kill.receipt_sent || kill.overdue_told) continue;
    due = std::min(due.value_or(BootTime::max()), overdue_at(kill));
  }
  return due;
}

}  // namespace estop::agent
