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
constexpr Nanos kRecent = 60'000'000'000;  // a kill older than this was confirmed or given up

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
      lease_(options_.lease, options_.first_nonce) {}

bool BridgeCore::is_open(Nanos now) const noexcept {
  const bool may_go_on = lease_.holds(now) || ESTOP_SEEDED_BUG(kLeaseUnchecked);
  return state_ == BridgeState::kOpen && may_go_on;
}

// --- Connections and time ---

void BridgeCore::on_connected(Account account, Nanos now, Effects& out) {
  connected_[index(account)] = true;
  if (account == Account::kAgents) {
    for (const Sighting& seen : recent_) {
      if (ESTOP_SEEDED_BUG(kLatchLostAtReconnect)) gate_.unlatch(seen.kill);
      if (now - seen.at < kRecent && gate_.find(seen.kill) != nullptr) receipt(seen.kill, now, out);
    }
  }
  if (!connected()) return;
  if (!stopped_for_good_) reason_ = "waits for control's lease frame";
  beat(now, out);
}

void BridgeCore::on_disconnected(Account account, Nanos now, Effects& out) {
  connected_[index(account)] = false;
  if (replay_runs_) out.emplace_back(AbandonReplay{});
  replay_runs_ = false;
  shut(fmt::format("not connected to the broker ({})", name(account)), now, out);
}

void BridgeCore::on_tick(Nanos now, Effects& out) {
  if (state_ == BridgeState::kOpen && !lease_.holds(now)) {
    shut(fmt::format("no contact with control for {} ms", options_.lease / 1'000'000), now, out);
  }
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
  beat.nonce = lease_.beat(now, state_ == BridgeState::kJoining);
  beat.state = state_;
  beat.applied = follower_.applied();
  beat.key = options_.own_key;
  beat.forwarded = counters_.forwarded;
  beat.refused = counters_.refused;
  beat.refused_killed = counters_.refused_killed;
  beat.after_fence = counters_.after_fence;
  std::size_t bytes = 0;
  for (const auto& [op_id, kill] : held_) {
    if ((bytes += kill.frame.size()) > kHeldInBeatMax_bytes) break;
    beat.held.push_back(kill.frame);
  }
  out.emplace_back(SendBeat{std::move(beat)});
}

// --- The log ---

void BridgeCore::on_log(std::string_view frame, Nanos now, Effects& out) {
  auto record = schemas::open_record(frame);
  if (!record) return reject_frame("a record", record.error(), now, out);
  if (ESTOP_SEEDED_BUG(kKillIgnoredWhileClosed) && state_ != BridgeState::kOpen) return;
  if (record->record.kind == RecordKind::kKill && act_on_sight(*record, now, out)) {
    unverified_.push_back(*record);
  }
  if (ESTOP_SEEDED_BUG(kResumeActsOnSight)) apply(record->record, now, out);
  follower_.saw(std::move(*record));
}

// Rules 1 and 3: whatever the state, committed or not. True if the kill is new to this bridge.
bool BridgeCore::act_on_sight(const SignedRecord& kill, Nanos now, Effects& out) {
  if (ESTOP_SEEDED_BUG(kReceiptWithoutLatch)) receipt(kill.record, now, out);
  if (ESTOP_SEEDED_BUG(kReceiptWithoutLatch) || ESTOP_SEEDED_BUG(kKillWaitsForCommit)) return false;
  const Latched latched = gate_.kill(kill.record);
  if (latched == Latched::kLifted) return false;
  if (latched == Latched::kNew) {
    held_.insert_or_assign(kill.record.op_id, kill);
    if (recent_.size() >= kRecentMax) recent_.erase(recent_.begin());
    recent_.push_back({kill.record, now});
  }
  receipt(kill.record, now, out);
  return latched == Latched::kNew;
}

// An operator's own order: acts as an uncommitted kill, whether control runs or not.
void BridgeCore::on_emergency(std::string_view actor, std::string_view frame, Nanos now,
                              Effects& out) {
  auto order = schemas::open_order(frame);
  if (!order) return reject_frame("an emergency kill", order.error(), now, out);
  if (order->kill.record.actor != actor) {
    ++counters_.bad_frames;
    return alarm(fmt::format("{} sent an emergency kill in the name of {}: ignored", actor,
                             order->kill.record.actor),
                 out);
  }
  const bool is_fleet = order->kill.record.scope.kind() == schemas::Scope::Kind::kFleet;
  if (is_fleet && !options_.obeys_fleet_orders) return;
  if (!act_on_sight(order->kill, now, out)) return;
  held_.at(order->kill.record.op_id).frame =
      order->frame;  // beats show it whole: control adopts it
  unverified_orders_.push_back(std::move(*order));
}

void BridgeCore::settle(Nanos now, Effects& out) {
  for (const SignedRecord& kill : std::exchange(unverified_, {})) {
    check(kill, schemas::verify_record(kill, options_.control_key), "control", now, out);
  }
  for (const schemas::SignedOrder& order : std::exchange(unverified_orders_, {})) {
    const Record& record = order.kill.record;
    const auto good = schemas::verify_order(order, options_.operators_key, options_.subjects);
    check(order.kill, good.has_value(), "operator " + record.actor, now, out);
    const HeldKill* held = gate_.find(record);
    if (!good || held == nullptr) continue;
    out.emplace_back(
        TellLatched{*schemas::Segment::parse(record.actor), record.op_id, held->forwarded_before});
  }
}

// Takes a kill back that its author did not sign.
void BridgeCore::check(const SignedRecord& kill, bool is_good, const std::string& whose, Nanos now,
                       Effects& out) {
  if (is_good) return;
  gate_.unlatch(kill.record);
  held_.erase(kill.record.op_id);
  std::erase_if(recent_, [&](const Sighting& seen) { return seen.kill == kill.record; });
  ++counters_.bad_frames;
  alarm(fmt::format("a kill of {} (op {}) is not signed by {}: taken back",
                    kill.record.scope.text(), kill.record.op_id, whose),
        out);
  beat(now, out);
}

// Rule 3: only what is committed, in its place.
void BridgeCore::apply(const Record& record, Nanos now, Effects& out) {
  switch (record.kind) {
    case RecordKind::kKill:
      held_.erase(record.op_id);
      if (gate_.kill(record) == Latched::kNew && was_open_) receipt(record, now, out);
      return;
    case RecordKind::kResume:
      for (const auto& op_id : record.lifts) held_.erase(op_id);
      gate_.resume(record);
      if (was_open_) receipt(record, now, out);
      return;
    case RecordKind::kBridgeLeft:
      // Control no longer counts on us: no fence would wait for this bridge.
      if (record.target != options_.id.text()) return;
      if (state_ == BridgeState::kOpen) shut("control has declared this bridge gone", now, out);
      lease_.forget();
      return;
    case RecordKind::kEpochOpened:
    case RecordKind::kBridgeJoined:
    case RecordKind::kTermOpened:
      return;
  }
}

void BridgeCore::receipt(const Record& record, Nanos now, Effects& out) {
  if (!connected_[index(Account::kAgents)]) return;  // on_connected makes up for it
  schemas::BridgeReceipt receipt;
  receipt.bridge = options_.id.text();
  receipt.op_id = record.op_id;
  receipt.seq = record.seq;
  receipt.kind = record.kind;
  receipt.forwarded_before = gate_.forwarded(record.scope);
  if (const HeldKill* kill = gate_.find(record); kill != nullptr) {
    receipt.forwarded_before = kill->forwarded_before;
    receipt.refused_since = kill->refused;
  }
  out.emplace_back(SendReceipt{std::move(receipt), now});
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
  if (!record)
    return stop_for_good("a record of the stream: " + to_string(record.error()), now, out);
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
