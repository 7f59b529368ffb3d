// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/bridge_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schemas/codec.h"

namespace estop::bridge {

using schemas::BridgeState;
using schemas::Errc;
using schemas::Record;
using schemas::RecordKind;
using schemas::SignedRecord;

namespace {

constexpr std::size_t kHeldInBeatMax_bytes = schemas::kControlMessageMax_bytes / 2;
constexpr Nanos kRecent = 60'000'000'000;  // a kill older than this was confirmed or given up

std::string_view name(Account account) noexcept {
  return account == Account::kAgents ? "AGENTS" : "CONTROL";
}

}  // namespace

BridgeCore::BridgeCore(BridgeOptions options)
    : options_(std::move(options)),
      admission_(options_.subjects, options_.gate),
      lease_(options_.lease, options_.first_nonce) {}

Counters BridgeCore::counters() const noexcept {
  Counters all = counters_;
  static_cast<IntentCounters&>(all) = admission_.counters();
  return all;
}

BridgeStatus BridgeCore::status(Nanos now) const {
  BridgeStatus status;
  status.state = state_;
  status.is_open = is_open(now);
  if (!status.is_open) status.why_closed = why_closed();
  status.lease_left = std::max<Nanos>(0, lease_.until() - now);
  status.applied = follower_.applied();
  status.kills = gate().kills();
  status.scopes = gate().nodes();
  status.counters = counters();
  return status;
}

const std::string& BridgeCore::why_closed() const noexcept {
  static const std::string kLeaseOver = "its lease is over";
  return reason_.empty() ? kLeaseOver : reason_;
}

// --- Intents ---

const IntentOutcome& BridgeCore::on_intent(std::string_view subject, std::string_view data,
                                           Nanos now) {
  if (is_open(now)) return admission_.decide(subject, data, now);
  return admission_.closed(subject, data, why_closed());
}

void BridgeCore::forwarded() {
  has_forwarded_ = true;
  admission_.forwarded();
}

const IntentOutcome& BridgeCore::not_forwarded(std::string_view subject, std::string_view data) {
  return admission_.not_forwarded(subject, data, connected_[index(Account::kAgents)]);
}

bool BridgeCore::may_write(Nanos now) const noexcept {
  return now < write_until_;
}

bool BridgeCore::is_open(Nanos now) const noexcept {
  return state_ == BridgeState::kOpen && lease_.holds(now);
}

// --- Connections and time ---

void BridgeCore::on_connected(Account account, Nanos now, Effects& out) {
  connected_[index(account)] = true;
  if (account == Account::kAgents) {
    ++connection_;
    for (const Sighting& seen : std::vector<Sighting>(recent_)) {
      if (now - seen.at < kRecent) owe(seen.kill, now, out);
    }
    pay_receipts(now, out);
  }
  if (!connected()) return;
  if (!stopped_for_good_) reason_ = "waits for control's lease frame";
  beat(now, out);
}

void BridgeCore::on_disconnected(Account account, Nanos now, Effects& out) {
  connected_[index(account)] = false;
  // What it forwarded may lie in the broker's socket. A receipt over the next connection says
  // nothing about that.
  if (account == Account::kAgents && std::exchange(has_forwarded_, false)) {
    quiet_until_ = write_until_ + options_.arrival;
  }
  if (replay_runs_) out.emplace_back(AbandonReplay{});
  replay_runs_ = false;
  shut(fmt::format("not connected to the broker ({})", name(account)), now, out);
}

void BridgeCore::on_tick(Nanos now, Effects& out) {
  if (state_ == BridgeState::kOpen && !lease_.holds(now)) {
    shut(fmt::format("no contact with control for {} ms", options_.lease / 1'000'000), now, out);
  }
  pay_receipts(now, out);
  if (now >= next_beat_) beat(now, out);
  const bool behind = follower_.applied() != follower_.head();
  if (behind && now >= replay_again_at_) follow(follower_.head(), now, out);
}

void BridgeCore::on_leave(Nanos now, Effects& out) {
  shut("was asked to stop", now, out);
  state_ = BridgeState::kLeaving;
  // Of one that leaves, control counts the time to arrive alone.
  write_until_ = std::min(write_until_, now + options_.arrival / 2);
  beat(now, out);
}

void BridgeCore::beat(Nanos now, Effects& out) {
  next_beat_ = now + options_.beat;
  if (!connected_[index(Account::kControl)]) return;
  schemas::BridgeBeat beat;
  beat.bridge = options_.id.text();
  beat.process = options_.process;
  beat.nonce = lease_.beat(now, state_ == BridgeState::kJoining);
  beat.state = state_;
  beat.applied = follower_.applied();
  beat.key = options_.own_key;
  const IntentCounters& intents = admission_.counters();
  beat.forwarded = intents.forwarded;
  beat.refused = intents.refused;
  beat.refused_killed = intents.refused_killed;
  beat.after_fence = intents.after_fence;
  std::size_t bytes = 0;
  for (const auto& [key, kill] : held_) {
    if ((bytes += kill.frame.size()) > kHeldInBeatMax_bytes) break;
    beat.held.push_back(kill.frame);
  }
  out.emplace_back(SendBeat{std::move(beat)});
}

// --- The log ---

void BridgeCore::on_log(std::string_view frame, Nanos now, Effects& out) {
  auto record = schemas::open_record(frame);
  if (!record && schemas::is_signed_record(frame, options_.control_key)) {
    return not_understood("a record", record.error(), now, out);
  }
  if (!record) return reject_frame("a record", record.error(), out);
  if (record->record.is<schemas::Kill>()) {
    const Latched latched = act_on_sight(*record, now, out);
    const bool is_rival = latched == Latched::kAgain && is_contested(record->record);
    if (latched == Latched::kNew || is_rival) unverified_.push_back(*record);
  }
  follower_.saw(std::move(*record));
}

// Rule 3: only what is committed, in its place.
void BridgeCore::apply(const Record& record, Nanos now, Effects& out) {
  if (const auto* kill = std::get_if<schemas::Kill>(&record.body)) {
    held_.erase(key_of(record));
    // Written under an op id of control's own: what this bridge holds as given is that kill.
    held_.erase(key_of(kill->given_as, kill->scope));
    if (own_gate().commit(record) == Latched::kNew && was_open_) receipt(record, now, out);
  } else if (const auto* resume = std::get_if<schemas::Resume>(&record.body)) {
    if (stopped_for_good_) return;  // behind what it does not understand nothing opens
    if (!own_gate().resume(*resume, record.issued_at_ms)) return unlike_control(record, now, out);
    std::erase_if(held_,
                  [&](const auto& held) { return own_gate().find(held.second.record) == nullptr; });
    if (was_open_) receipt(record, now, out);
  } else if (const auto* left = std::get_if<schemas::BridgeLeft>(&record.body)) {
    // Control no longer counts on us: no fence would wait for this bridge.
    if (left->bridge != options_.id.text() || left->process != options_.process) return;
    if (state_ == BridgeState::kOpen) shut("control has declared this bridge gone", now, out);
    lease_.forget();
  }
}

// Control and this bridge have read one log, and count other kills in it: one of them is wrong.
void BridgeCore::unlike_control(const Record& record, Nanos now, Effects& out) {
  const schemas::Through& through = record.resume().through;
  stop_for_good(fmt::format("the kills of {} through record {}:{} are not the {} that resume {} "
                            "lifts",
                            record.scope().text(), through.place.epoch, through.place.seq,
                            through.count, record.op_id),
                now, out);
}

void BridgeCore::follow(const schemas::Head& head, Nanos now, Effects& out) {
  if (stopped_for_good_) return;
  std::vector<SignedRecord> ready;
  const Progress progress = follower_.follow(head, ready);
  for (const SignedRecord& record : ready) take(record, now, out);
  switch (progress.kind) {
    case Progress::Kind::kBroken:
      return stop_for_good(progress.problem, now, out);
    case Progress::Kind::kBehind:
      return read_missing(progress, now, out);
    case Progress::Kind::kAtHead:
      if (beginning_) {
        return stop_for_good("the log ends within the snapshot that it begins with", now, out);
      }
      if (state_ == BridgeState::kReplaying && !replay_runs_ && connected()) join(now, out);
      return;
  }
}

void BridgeCore::read_missing(const Progress& progress, Nanos now, Effects& out) {
  // What was missed may be a kill: nothing passes until it is read.
  if (state_ == BridgeState::kOpen || state_ == BridgeState::kJoining) {
    shut(fmt::format("records {} to {} of the control log were missed", progress.from, progress.to),
         now, out);
  }
  if (replay_runs_ || now < replay_again_at_ || state_ == BridgeState::kLeaving || !connected())
    return;
  replay_runs_ = true;
  ++counters_.replays;
  reason_ = fmt::format("reads records {} to {} of the control log", progress.from, progress.to);
  out.emplace_back(Replay{progress.from, progress.to});
}

void BridgeCore::on_replayed(std::string_view frame, Nanos now, Effects& out) {
  if (stopped_for_good_) return;
  const auto record = schemas::open_record(frame);
  if (!record && schemas::is_signed_record(frame, options_.control_key)) {
    return not_understood("a record of the stream", record.error(), now, out);
  }
  if (!record) {
    ++counters_.bad_frames;
    out.emplace_back(AbandonReplay{});
    return on_replay_failed(to_string(record.error()), now, out);
  }
  if (follower_.begins_with(*record)) {
    follower_.begin(*record);
    beginning_.emplace(*record);
    return;
  }
  const auto is_new = follower_.replayed(*record);
  if (!is_new) return stop_for_good(is_new.error().detail, now, out);
  if (*is_new) take(*record, now, out);
}

void BridgeCore::on_replay_done(Nanos now, Effects& out) {
  replay_runs_ = false;
  follow(follower_.head(), now, out);
}

void BridgeCore::on_replay_failed(std::string_view reason, Nanos now, Effects& out) {
  replay_runs_ = false;
  follower_.replay_failed();
  replay_again_at_ = now + options_.replay_retry;
  if (stopped_for_good_) return;
  reason_ = fmt::format("cannot read the control log: {}", reason);
  out.emplace_back(Note{Note::Level::kWarning, reason_});
}

}  // namespace estop::bridge
