// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/bridge_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schemas/codec.h"
#include "schemas/seeded_bug.h"

namespace estop::bridge {

using schemas::BridgeState;
using schemas::Errc;
using schemas::Record;
using schemas::RecordKind;
using schemas::SignedRecord;

namespace {

constexpr std::size_t kHeldInBeatMax_bytes = schemas::kControlMessageMax_bytes / 2;
constexpr std::size_t kRecentMax = 256;
constexpr std::size_t kOwedMax = 4'096;    // receipts that wait; beyond, the bridge closes
constexpr std::size_t kContestedMax = 8;   // orders of one op id and scope, before they are checked
constexpr Nanos kRecent = 60'000'000'000;  // a kill older than this was confirmed or given up

// As the gate knows a kill: one op id may come with two scopes.
std::string key_of(const std::string& op_id, const schemas::Scope& scope) {
  return op_id + ' ' + scope.text();
}
std::string key_of(const Record& kill) {
  return key_of(kill.op_id, kill.scope);
}

std::size_t index(Account account) noexcept {
  return static_cast<std::size_t>(account);
}

std::string_view name(Account account) noexcept {
  return account == Account::kAgents ? "AGENTS" : "CONTROL";
}

}  // namespace

BridgeCore::BridgeCore(BridgeOptions options)
    : options_(std::move(options)),
      gate_(options_.gate),
      lease_(options_.lease, options_.first_nonce),
      asked_(options_.gate.hash_seed) {}

bool BridgeCore::is_open(Nanos now) const noexcept {
  const bool may_go_on = lease_.holds(now) || ESTOP_SEEDED_BUG(kLeaseUnchecked);
  return state_ == BridgeState::kOpen && may_go_on;
}

// --- Connections and time ---

void BridgeCore::on_connected(Account account, Nanos now, Effects& out) {
  connected_[index(account)] = true;
  if (account == Account::kAgents) {
    ++connection_;
    for (const Sighting& seen : std::vector<Sighting>(recent_)) {
      if (ESTOP_SEEDED_BUG(kLatchLostAtReconnect)) gate_.unlatch(seen.kill);
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
    quiet_until_ = forwards_until_;
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
  beat.forwarded = counters_.forwarded;
  beat.refused = counters_.refused;
  beat.refused_killed = counters_.refused_killed;
  beat.after_fence = counters_.after_fence;
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
  if (ESTOP_SEEDED_BUG(kKillIgnoredWhileClosed) && state_ != BridgeState::kOpen) return;
  if (record->record.kind == RecordKind::kKill) {
    const Latched latched = act_on_sight(*record, now, out);
    const bool is_rival = latched == Latched::kAgain && is_contested(record->record);
    if (latched == Latched::kNew || is_rival) unverified_.push_back(*record);
  }
  if (ESTOP_SEEDED_BUG(kResumeActsOnSight)) apply(record->record, now, out);
  follower_.saw(std::move(*record));
}

// Rules 1 and 3: whatever the state, committed or not.
Latched BridgeCore::act_on_sight(const SignedRecord& kill, Nanos now, Effects& out) {
  if (ESTOP_SEEDED_BUG(kReceiptWithoutLatch)) receipt(kill.record, now, out);
  if (ESTOP_SEEDED_BUG(kReceiptWithoutLatch) || ESTOP_SEEDED_BUG(kKillWaitsForCommit)) {
    return Latched::kLifted;
  }
  const Latched latched = gate_.kill(kill.record);
  if (latched == Latched::kLifted) return latched;
  if (latched == Latched::kNew) {
    held_.insert_or_assign(key_of(kill.record), kill);
    if (recent_.size() >= kRecentMax) recent_.erase(recent_.begin());
    recent_.push_back({kill.record, now});
  }
  receipt(kill.record, now, out);
  return latched;
}

// Latched on the word of an order that is not checked yet: another one of that op id and scope may
// be the good one.
bool BridgeCore::is_contested(const Record& kill) const {
  const auto same = [key = key_of(kill)](const Record& other) { return key_of(other) == key; };
  const auto records = std::count_if(unverified_.begin(), unverified_.end(),
                                     [&](const auto& one) { return same(one.record); });
  const auto orders = std::count_if(unverified_orders_.begin(), unverified_orders_.end(),
                                    [&](const auto& one) { return same(one.kill.record); });
  const auto all = static_cast<std::size_t>(records + orders);
  return all > 0 && all < kContestedMax;
}

// An operator's own order: acts as an uncommitted kill, whether control runs or not.
void BridgeCore::on_emergency(std::string_view actor, std::string_view frame, Nanos now,
                              Effects& out) {
  auto order = schemas::open_order(frame);
  if (!order) return reject_frame("an emergency kill", order.error(), out);
  if (order->kill.record.actor != actor) {
    ++counters_.bad_frames;
    return alarm(fmt::format("{} sent an emergency kill in the name of {}: ignored", actor,
                             order->kill.record.actor),
                 out);
  }
  const bool is_fleet = order->kill.record.scope.kind() == schemas::Scope::Kind::kFleet;
  if (is_fleet && !options_.obeys_fleet_orders) return;
  const Latched latched = act_on_sight(order->kill, now, out);
  // Beats show the order whole: control adopts it.
  if (latched == Latched::kNew) held_.at(key_of(order->kill.record)).frame = order->frame;
  const bool is_rival = latched == Latched::kAgain && is_contested(order->kill.record);
  if (latched == Latched::kNew || is_rival) unverified_orders_.push_back(std::move(*order));
}

// A kill stays if one of those who gave it may: of the others nothing is left.
void BridgeCore::settle(Nanos now, Effects& out) {
  std::map<std::string, SignedRecord> good;
  std::vector<std::pair<SignedRecord, std::string>> bad;  // and whose it should be
  for (SignedRecord& kill : std::exchange(unverified_, {})) {
    if (schemas::verify_record(kill, options_.control_key)) {
      good.insert_or_assign(key_of(kill.record), std::move(kill));
    } else {
      bad.emplace_back(std::move(kill), "control");
    }
  }
  for (schemas::SignedOrder& order : std::exchange(unverified_orders_, {})) {
    const Record record = order.kill.record;
    if (!schemas::verify_order(order, options_.operators_key, options_.subjects)) {
      bad.emplace_back(std::move(order.kill), "operator " + record.actor);
      continue;
    }
    order.kill.frame = std::move(order.frame);
    good.emplace(key_of(record), std::move(order.kill));
    if (const HeldKill* held = gate_.find(record); held != nullptr) {
      out.emplace_back(TellLatched{*schemas::Segment::parse(record.actor), record.op_id,
                                   held->forwarded_before});
    }
  }
  for (const auto& [kill, whose] : bad) {
    take_back(kill.record, whose, now, out);
    const auto instead = good.find(key_of(kill.record));
    if (instead == good.end()) continue;
    (void)gate_.kill(instead->second.record);
    held_.insert_or_assign(instead->first, instead->second);
    recent_.push_back({instead->second.record, now});
  }
}

// A kill that its author did not sign.
void BridgeCore::take_back(const Record& kill, const std::string& whose, Nanos now, Effects& out) {
  gate_.unlatch(kill);
  held_.erase(key_of(kill));
  std::erase_if(recent_, [&](const Sighting& seen) { return seen.kill == kill; });
  std::erase_if(owed_, [&](const Record& owed) { return owed == kill; });
  ++counters_.bad_frames;
  alarm(fmt::format("a kill of {} (op {}) is not signed by {}: taken back", kill.scope.text(),
                    kill.op_id, whose),
        out);
  beat(now, out);
}

// Rule 3: only what is committed, in its place.
void BridgeCore::apply(const Record& record, Nanos now, Effects& out) {
  switch (record.kind) {
    case RecordKind::kKill:
      held_.erase(key_of(record));
      // Written under an op id of control's own: what this bridge holds as `target` is that kill.
      held_.erase(key_of(record.target, record.scope));
      if (gate_.kill(record) == Latched::kNew && was_open_) receipt(record, now, out);
      gate_.commit(record);
      return;
    case RecordKind::kResume:
      if (stopped_for_good_) return;  // behind what it does not understand nothing opens
      if (!gate_.resume(record)) return unlike_control(record, now, out);
      std::erase_if(held_,
                    [&](const auto& kill) { return gate_.find(kill.second.record) == nullptr; });
      if (was_open_) receipt(record, now, out);
      return;
    case RecordKind::kBridgeLeft:
      // Control no longer counts on us: no fence would wait for this bridge.
      if (record.target != options_.id.text() || record.process != options_.process) return;
      if (state_ == BridgeState::kOpen) shut("control has declared this bridge gone", now, out);
      lease_.forget();
      return;
    case RecordKind::kEpochOpened:
    case RecordKind::kBridgeJoined:
    case RecordKind::kTermOpened:
    case RecordKind::kFirstSkippable:
      return;
  }
}

// Control and this bridge have read one log, and count other kills in it: one of them is wrong.
void BridgeCore::unlike_control(const Record& resume, Nanos now, Effects& out) {
  stop_for_good(fmt::format("the kills of {} through record {}:{} are not the {} that resume {} "
                            "lifts",
                            resume.scope.text(), resume.through.place.epoch,
                            resume.through.place.seq, resume.through.count, resume.op_id),
                now, out);
}

void BridgeCore::receipt(const Record& record, Nanos now, Effects& out) {
  if (record.kind == RecordKind::kKill && !may_confirm(now)) return owe(record, now, out);
  if (!connected_[index(Account::kAgents)]) return;  // control reads a resume in the beats
  schemas::BridgeReceipt receipt;
  receipt.bridge = options_.id.text();
  receipt.process = options_.process;
  receipt.connection = connection_;
  receipt.op_id = record.op_id;
  receipt.epoch = record.epoch;
  receipt.seq = record.seq;
  receipt.kind = record.kind;
  receipt.forwarded_before = gate_.forwarded(record.scope);
  if (const HeldKill* kill = gate_.find(record); kill != nullptr) {
    receipt.forwarded_before = kill->forwarded_before;
    receipt.refused_since = kill->refused;
  }
  out.emplace_back(SendReceipt{std::move(receipt), now, record.scope});
}

// A receipt is a barrier for what this connection forwarded, and says nothing about an earlier one,
// which the broker may still be reading. That one's lease has to be over first.
bool BridgeCore::may_confirm(Nanos now) const noexcept {
  return connected_[index(Account::kAgents)] && now >= quiet_until_;
}

void BridgeCore::owe(const Record& kill, Nanos now, Effects& out) {
  const auto same = [&](const Record& owed) {
    return owed.op_id == kill.op_id && owed.scope == kill.scope;
  };
  if (std::any_of(owed_.begin(), owed_.end(), same)) return;
  if (owed_.size() >= kOwedMax) {
    // Closed, it owes none: control counts its lease down.
    if (state_ == BridgeState::kOpen) shut("owes more receipts than it can keep", now, out);
    owed_.erase(owed_.begin());
  }
  owed_.push_back(kill);
}

// Without it control waits for the fence as long as this bridge is heard.
void BridgeCore::on_receipt_unsent(const SendReceipt& unsent, Nanos now, Effects& out) {
  if (unsent.receipt.kind != RecordKind::kKill) return;  // control reads a resume in the beats
  Record kill;
  kill.kind = RecordKind::kKill;
  kill.op_id = unsent.receipt.op_id;
  kill.epoch = unsent.receipt.epoch;
  kill.seq = unsent.receipt.seq;
  kill.scope = unsent.scope;
  owe(kill, now, out);
}

void BridgeCore::pay_receipts(Nanos now, Effects& out) {
  if (!may_confirm(now)) return;
  for (const Record& kill : std::exchange(owed_, {})) {
    if (gate_.find(kill) != nullptr) receipt(kill, now, out);
  }
}

void BridgeCore::follow(const schemas::Head& head, Nanos now, Effects& out) {
  if (stopped_for_good_) return;
  std::vector<SignedRecord> ready;
  const Progress progress = follower_.follow(head, ready);
  for (const SignedRecord& record : ready) apply(record.record, now, out);
  switch (progress.kind) {
    case Progress::Kind::kBroken:
      return stop_for_good(progress.problem, now, out);
    case Progress::Kind::kBehind:
      return read_missing(progress, now, out);
    case Progress::Kind::kAtHead:
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
  const auto is_new = follower_.replayed(*record);
  if (!is_new) return stop_for_good(is_new.error().detail, now, out);
  if (*is_new) apply(record->record, now, out);
}

void BridgeCore::on_replay_done(Nanos now, Effects& out) {
  replay_runs_ = false;
  follow(follower_.head(), now, out);
}

void BridgeCore::on_replay_failed(std::string_view reason, Nanos now, Effects& out) {
  replay_runs_ = false;
  replay_again_at_ = now + options_.replay_retry;
  if (stopped_for_good_) return;
  reason_ = fmt::format("cannot read the control log: {}", reason);
  out.emplace_back(Note{Note::Level::kWarning, reason_});
}

}  // namespace estop::bridge
