// SPDX-License-Identifier: Apache-2.0

// Contact with control: connections, silence, answers that are no use, the lease.
#include <algorithm>
#include <utility>

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
  connected_ = true;
  unanswered_ = 0;
  beat_at_ = now_;
  if (!announced_) hello_at_ = ready_ ? now_ + config_.hello_jitter : now_;
  resend_receipts();
}

void Obedience::on(const Disconnected&) {
  connected_ = false;
}

void Obedience::on(const SessionLost& event) {
  connected_ = false;
  if (ended_) return;
  ended_ = Obscure{to_string(event.error), now_, hello_, known_incarnation_};
  effects_.emplace_back(EndSession{event.error});
}

// One direction of a connection may stand still while something still comes in by the other: only
// an answer of control shows that both work.
void Obedience::on(const Unanswered&) {
  if (!connected_ || ended_) return;
  if (patience_ == 0) patience_ = config_.unanswered_max;
  if (++unanswered_ < patience_) return;
  effects_.emplace_back(Reconnect{std::exchange(unanswered_, 0)});
  patience_ = std::min(2 * patience_, config_.unanswered_most);
}

void Obedience::answered() {
  unanswered_ = 0;
  patience_ = 0;
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
  answered();
  obstructed({event.error.code, "control's answer to a beat: " + event.error.detail});
}

// While the connection stands nothing else would send it again: the next answer shows that it does.
void Obedience::on(const ReceiptUnsent&) {
  receipts_unsent_ = true;
}

// Control is there and knows this instance as it is now.
void Obedience::reach() {
  if (!std::exchange(confirmed_, true)) beat_at_ = now_ + beat_every_;
  lost_.reset();
  if (!working_) missed_.reset();
}

void Obedience::check_lease() {
  if (!contact_ || now_ < lease_until_) return;
  contact_ = false;
  effects_.emplace_back(Alarm{{Errc::kNoContact, "control has not answered for a whole lease"}});
  announce_anew(now_ + config_.hello_jitter);
  if (working_ && config_.stop_on_lost_contact) lost_ = now_;
}

// Said again only when it is another one, or when answers were of use in between.
void Obedience::obstructed(const schemas::Error& error) {
  if (told_obstacle_ == error) return;
  told_obstacle_ = error;
  effects_.emplace_back(Alarm{error});
}

}  // namespace estop::agent
