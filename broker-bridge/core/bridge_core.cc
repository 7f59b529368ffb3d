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

std::string_view name(Account account) noexcept {
  return account == Account::kAgents ? "AGENTS" : "CONTROL";
}

}  // namespace

BridgeCore::BridgeCore(BridgeOptions options)
    : options_(std::move(options)),
      admission_(options_.subjects, options_.gate),
      lease_(options_.lease, options_.first_nonce),
      receipts_(options_, admission_.gate()),
      unverified_(options_) {}

Counters BridgeCore::counters() const noexcept {
  return {admission_.counters(), counters_};
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
  receipts_.forwarded();
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
  Turn turn(now, counters_, out);
  connected_[index(account)] = true;
  if (account == Account::kAgents) {
    receipts_.connected();
    for (const Record& kill : sightings_.recent(now)) {
      if (!receipts_.owe(kill)) owes_too_much(turn);
    }
    receipts_.pay(turn);
  }
  if (!connected()) return;
  if (!stopped_for_good_) reason_ = "waits for control's lease frame";
  beat(turn);
}

void BridgeCore::on_disconnected(Account account, Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  connected_[index(account)] = false;
  if (account == Account::kAgents) receipts_.disconnected(write_until_);
  if (replay_runs_) turn.out.emplace_back(AbandonReplay{});
  replay_runs_ = false;
  shut(fmt::format("not connected to the broker ({})", name(account)), turn);
}

void BridgeCore::on_tick(Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  if (state_ == BridgeState::kOpen && !lease_.holds(now)) {
    shut(fmt::format("no contact with control for {} ms", options_.lease / 1'000'000), turn);
  }
  receipts_.pay(turn);
  if (now >= next_beat_) beat(turn);
  const bool behind = follower_.applied() != follower_.head();
  if (behind && now >= replay_again_at_) follow(follower_.head(), turn);
}

void BridgeCore::on_leave(Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  shut("was asked to stop", turn);
  state_ = BridgeState::kLeaving;
  // Of one that leaves, control counts the time to arrive alone.
  write_until_ = std::min(write_until_, now + options_.arrival / 2);
  beat(turn);
}

void BridgeCore::beat(Turn& turn) {
  next_beat_ = turn.now + options_.beat;
  if (!connected_[index(Account::kControl)]) return;
  schemas::BridgeBeat beat;
  beat.bridge = options_.id.text();
  beat.process = options_.process;
  beat.nonce = lease_.beat(turn.now, state_ == BridgeState::kJoining);
  beat.state = state_;
  beat.applied = follower_.applied();
  beat.key = options_.own_key;
  const IntentCounters& intents = admission_.counters();
  beat.forwarded = intents.forwarded;
  beat.refused = intents.refused;
  beat.refused_killed = intents.refused_killed;
  beat.after_fence = intents.after_fence;
  beat.held = sightings_.frames();
  turn.out.emplace_back(SendBeat{std::move(beat)});
}

// --- The log ---

void BridgeCore::on_log(std::string_view frame, Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  auto record = schemas::open_record(frame);
  if (!record && schemas::is_signed_record(frame, options_.control_key)) {
    return not_understood("a record", record.error(), turn);
  }
  if (!record) return turn.reject_frame("a record", record.error());
  if (record->record.is<schemas::Kill>()) {
    unverified_.add(*record, act_on_sight(*record, turn));
  }
  follower_.saw(std::move(*record));
}

// Rule 3: only what is committed, in its place.
void BridgeCore::apply(const Record& record, Turn& turn) {
  if (record.is<schemas::Kill>()) {
    sightings_.committed(record);
    if (own_gate().kill(record) == Latched::kNew && was_open_) receipt(record, turn);
    own_gate().commit(record);
  } else if (const auto* resume = std::get_if<schemas::Resume>(&record.body)) {
    if (stopped_for_good_) return;  // behind what it does not understand nothing opens
    if (!own_gate().resume(*resume)) return unlike_control(record, turn);
    sightings_.lifted(gate());
    if (was_open_) receipt(record, turn);
  } else if (const auto* left = std::get_if<schemas::BridgeLeft>(&record.body)) {
    // Control no longer counts on us: no fence would wait for this bridge.
    if (left->bridge != options_.id.text() || left->process != options_.process) return;
    if (state_ == BridgeState::kOpen) shut("control has declared this bridge gone", turn);
    lease_.forget();
  }
}

// Control and this bridge have read one log, and count other kills in it: one of them is wrong.
void BridgeCore::unlike_control(const Record& record, Turn& turn) {
  const schemas::Through& through = record.resume().through;
  stop_for_good(fmt::format("the kills of {} through record {}:{} are not the {} that resume {} "
                            "lifts",
                            record.scope().text(), through.place.epoch, through.place.seq,
                            through.count, record.op_id),
                turn);
}

void BridgeCore::follow(const schemas::Head& head, Turn& turn) {
  if (stopped_for_good_) return;
  std::vector<SignedRecord> ready;
  const Progress progress = follower_.follow(head, ready);
  for (const SignedRecord& record : ready) apply(record.record, turn);
  if (stopped_for_good_) return;  // by one of these
  switch (progress.kind) {
    case Progress::Kind::kBroken:
      return stop_for_good(progress.problem, turn);
    case Progress::Kind::kBehind:
      return read_missing(progress, turn);
    case Progress::Kind::kAtHead:
      if (state_ == BridgeState::kReplaying && !replay_runs_ && connected()) join(turn);
      return;
  }
}

void BridgeCore::read_missing(const Progress& progress, Turn& turn) {
  // What was missed may be a kill: nothing passes until it is read.
  if (state_ == BridgeState::kOpen || state_ == BridgeState::kJoining) {
    shut(fmt::format("records {} to {} of the control log were missed", progress.from, progress.to),
         turn);
  }
  if (replay_runs_ || turn.now < replay_again_at_ || state_ == BridgeState::kLeaving ||
      !connected())
    return;
  replay_runs_ = true;
  ++turn.counters.replays;
  reason_ = fmt::format("reads records {} to {} of the control log", progress.from, progress.to);
  turn.out.emplace_back(Replay{progress.from, progress.to});
}

void BridgeCore::on_replayed(std::string_view frame, Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  if (stopped_for_good_) return;
  const auto record = schemas::open_record(frame);
  if (!record && schemas::is_signed_record(frame, options_.control_key)) {
    return not_understood("a record of the stream", record.error(), turn);
  }
  if (!record) {
    ++turn.counters.bad_frames;
    turn.out.emplace_back(AbandonReplay{});
    return replay_failed(to_string(record.error()), turn);
  }
  const auto is_new = follower_.replayed(*record);
  if (!is_new) return stop_for_good(is_new.error().detail, turn);
  if (*is_new) apply(record->record, turn);
}

void BridgeCore::on_replay_done(Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  replay_runs_ = false;
  follow(follower_.head(), turn);
}

void BridgeCore::on_replay_failed(std::string_view reason, Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  replay_failed(reason, turn);
}

void BridgeCore::replay_failed(std::string_view reason, Turn& turn) {
  replay_runs_ = false;
  replay_again_at_ = turn.now + options_.replay_retry;
  if (stopped_for_good_) return;
  reason_ = fmt::format("cannot read the control log: {}", reason);
  turn.note(Note::Level::kWarning, reason_);
}

}  // namespace estop::bridge
