// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/core/contact.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace estop::agent {
namespace {

constexpr BootTime kBeatMin = std::chrono::milliseconds{10};
constexpr std::size_t kBeatsOpenMax = 8;  // unanswered beats whose sending time is remembered
constexpr BootTime kUnconfirmedBeat = std::chrono::milliseconds{500};

}  // namespace

void Contact::connect(BootTime hello_at, BootTime now) {
  connected_ = true;
  unanswered_ = 0;
  beat_at_ = now;
  if (!announced_) hello_at_ = hello_at;
}

void Contact::end() {
  connected_ = false;
  ended_ = true;
}

// One direction of a connection may stand still while something still comes in by the other: only
// an answer of control shows that both work.
std::optional<std::uint64_t> Contact::unanswered() {
  if (!connected_ || ended_) return std::nullopt;
  if (patience_ == 0) patience_ = config_.unanswered_max;
  if (++unanswered_ < patience_) return std::nullopt;
  patience_ = std::min(2 * patience_, config_.unanswered_most);
  return std::exchange(unanswered_, 0);
}

void Contact::answered() {
  unanswered_ = 0;
  patience_ = 0;
}

void Contact::announce_anew(BootTime at) {
  announced_ = false;
  confirmed_ = false;
  hello_at_ = at;
}

bool Contact::is_newest(const HelloAnswered& event) const {
  return event.number > hello_answered_;
}

void Contact::announced(const HelloAnswered& event, BootTime now) {
  const auto& reply = event.reply;
  hello_answered_ = event.number;
  announced_ = true;
  confirmed_ = false;
  nonce_at_hello_ = nonce_;
  incarnation_ = reply.incarnation;
  lease_ = std::chrono::milliseconds{reply.lease_ms};
  beat_every_ =
      std::max(kBeatMin, std::min<BootTime>(std::chrono::milliseconds{reply.beat_ms}, lease_ / 3));
  beat_at_ = now;
}

std::optional<BootTime> Contact::take_beat(std::uint64_t nonce) {
  const auto sent = beats_.find(nonce);
  if (sent == beats_.end()) return std::nullopt;
  const BootTime asked_at = sent->second;
  beats_.erase(beats_.begin(), std::next(sent));
  return asked_at;
}

void Contact::confirm(BootTime now) {
  if (!std::exchange(confirmed_, true)) beat_at_ = now + beat_every_;
}

void Contact::hurry(BootTime now) {
  if (announced_ && beats_.empty()) beat_at_ = now;
}

std::optional<BootTime> Contact::renew(BootTime asked_at, BootTime now) {
  const BootTime until = asked_at + lease_;
  if (until <= now) return std::nullopt;
  lease_until_ = std::max(lease_until_, until);
  leased_ = true;
  return lease_until_;
}

bool Contact::lapse(BootTime now) {
  if (!leased_ || now < lease_until_) return false;
  leased_ = false;
  return true;
}

void Contact::send_due(BootTime now, bool stopped, Effects& out) {
  if (!connected_ || ended_) return;
  if (!announced_) {
    if (now < hello_at_) return;
    out.emplace_back(SendHello{++hello_});
    hello_at_ = now + config_.hello_retry;
    return;
  }
  if (now < beat_at_) return;
  beats_.emplace(++nonce_, now);
  if (beats_.size() > kBeatsOpenMax) beats_.erase(beats_.begin());
  out.emplace_back(SendBeat{nonce_, incarnation_, stopped});
  beat_at_ = now + (confirmed_ ? beat_every_ : std::min(beat_every_, kUnconfirmedBeat));
}

std::optional<BootTime> Contact::next_deadline() const {
  std::optional<BootTime> due;
  if (connected_ && !ended_) due = announced_ ? beat_at_ : hello_at_;
  if (leased_) due = std::min(due.value_or(lease_until_), lease_until_);
  return due;
}

}  // namespace estop::agent
