// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/contact/contact.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schemas/codec.h"

namespace estop::bridge {

using schemas::BridgeState;

namespace {

std::string_view name(Account account) noexcept {
  return account == Account::kAgents ? "AGENTS" : "CONTROL";
}

}  // namespace

Contact::Contact(const BridgeOptions& options, const Beats& beats)
    : options_(options),
      beats_(beats),
      lease_(options.lease, options.first_nonce),
      leader_(2 * (options.lease + options.arrival)) {}

bool Contact::is_open(Nanos now) const noexcept {
  return state_ == BridgeState::kOpen && lease_.holds(now);
}

const std::string& Contact::why_closed() const noexcept {
  static const std::string kLeaseOver = "its lease is over";
  return reason_.empty() ? kLeaseOver : reason_;
}

// --- Connections and time ---

void Contact::connected(Account account, Turn& turn) {
  connected_[index(account)] = true;
  if (!is_connected()) return;
  if (!stopped_for_good_) reason_ = "waits for control's lease frame";
  beat(turn);
}

void Contact::disconnected(Account account, Turn& turn) {
  connected_[index(account)] = false;
  close(fmt::format("not connected to the broker ({})", name(account)), turn);
}

void Contact::check_lease(Turn& turn) {
  if (state_ != BridgeState::kOpen || lease_.holds(turn.now)) return;
  close(fmt::format("no contact with control for {} ms", options_.lease / 1'000'000), turn);
}

void Contact::tick(Turn& turn) {
  if (turn.now >= next_beat_) beat(turn);
}

void Contact::leave(Turn& turn) {
  close("was asked to stop", turn);
  state_ = BridgeState::kLeaving;
  // Of one that leaves, control counts the time to arrive alone.
  write_until_ = std::min(write_until_, turn.now + options_.arrival / 2);
  beat(turn);
}

void Contact::beat(Turn& turn) {
  next_beat_ = turn.now + options_.beat;
  if (!connected_[index(Account::kControl)]) return;
  const std::uint64_t nonce = lease_.beat(turn.now, state_ == BridgeState::kJoining);
  turn.out.emplace_back(SendBeat{beats_.make(state_, nonce)});
}

// --- Opening ---

std::optional<schemas::LeaseFrame> Contact::open_lease(std::string_view bytes, Turn& turn) {
  auto frame = schemas::open_lease(bytes, options_.control_key);
  if (frame) {
    if (!leader_.sent(*frame, turn)) return std::nullopt;
    return std::move(*frame);
  }
  if (schemas::is_signed_lease(bytes, options_.control_key)) {
    not_understood("a lease frame", frame.error(), turn);
  } else {
    turn.reject_frame("a lease frame", frame.error());
  }
  return std::nullopt;
}

void Contact::caught_up(Turn& turn) {
  if (state_ != BridgeState::kReplaying || !is_connected()) return;
  state_ = BridgeState::kJoining;
  reason_ = "waits for control to admit it";
  beat(turn);
}

bool Contact::take_grants(const schemas::LeaseFrame& frame, Turn& turn) {
  if (stopped_for_good_) return false;
  bool admitted = false;
  for (const schemas::Grant& grant : frame.grants) {
    if (grant.bridge != options_.id.text() || grant.process != options_.process) continue;
    admitted |= lease_.granted(grant.nonce);
  }
  const bool opens = admitted && state_ == BridgeState::kJoining && lease_.holds(turn.now);
  if (opens) {
    state_ = BridgeState::kOpen;
    reason_.clear();
    was_open_ = true;
    ++turn.counters.opened;
    turn.out.emplace_back(JoinGroup{});
    beat(turn);
  }
  if (state_ == BridgeState::kOpen) write_until_ = std::max(write_until_, lease_.until());
  return opens;
}

// --- Closing ---

void Contact::close(std::string reason, Turn& turn) {
  if (stopped_for_good_ || state_ == BridgeState::kLeaving) return;
  const bool was_open = state_ == BridgeState::kOpen;
  state_ = BridgeState::kReplaying;
  reason_ = std::move(reason);
  lease_.forget();
  if (!was_open) return;
  turn.out.emplace_back(LeaveGroup{});
  turn.note(Note::Level::kWarning, "closed: " + reason_);
  beat(turn);
}

void Contact::declared_gone(Turn& turn) {
  if (state_ == BridgeState::kOpen) close("control has declared this bridge gone", turn);
  lease_.forget();
}

void Contact::stop_for_good(std::string reason, Turn& turn) {
  if (stopped_for_good_) return;
  close(std::move(reason), turn);
  stopped_for_good_ = true;
  turn.out.emplace_back(AbandonReplay{});
  turn.alarm("closed for good: " + reason_);
}

void Contact::not_understood(std::string_view what, const schemas::Error& error, Turn& turn) {
  ++turn.counters.bad_frames;
  stop_for_good(fmt::format("{} was refused: {}", what, to_string(error)), turn);
}

}  // namespace estop::bridge
