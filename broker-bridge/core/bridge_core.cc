// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/bridge_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace estop::bridge {

BridgeCore::BridgeCore(BridgeOptions options)
    : options_(std::move(options)),
      admission_(options_.subjects, options_.gate),
      receipts_(options_, admission_.gate()),
      beats_(options_, follower_, sightings_, admission_.counters()),
      contact_(options_, beats_),
      log_(options_, follower_, contact_),
      kills_(options_, admission_.gate(), sightings_, receipts_, contact_) {}

BridgeStatus BridgeCore::status(Nanos now) const {
  BridgeStatus status;
  status.state = contact_.state();
  status.is_open = is_open(now);
  if (!status.is_open) status.why_closed = contact_.why_closed();
  status.lease_left = std::max<Nanos>(0, contact_.lease().until() - now);
  status.applied = follower_.applied();
  status.kills = gate().kills();
  status.scopes = gate().nodes();
  status.counters = counters();
  return status;
}

// --- Intents ---

const IntentOutcome& BridgeCore::on_intent(std::string_view subject, std::string_view data,
                                           Nanos now) {
  if (contact_.is_open(now)) return admission_.decide(subject, data, now);
  return admission_.closed(subject, data, contact_.why_closed());
}

void BridgeCore::forwarded() {
  receipts_.forwarded();
  admission_.forwarded();
}

const IntentOutcome& BridgeCore::not_forwarded(std::string_view subject, std::string_view data) {
  return admission_.not_forwarded(subject, data, receipts_.is_connected());
}

// --- Connections and time ---

void BridgeCore::on_connected(Account account, Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  if (account == Account::kAgents) kills_.agents_connected(turn);
  contact_.connected(account, turn);
}

void BridgeCore::on_disconnected(Account account, Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  if (account == Account::kAgents) receipts_.disconnected(contact_.write_until());
  log_.disconnected(turn);
  contact_.disconnected(account, turn);
}

void BridgeCore::on_tick(Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  contact_.check_lease(turn);
  receipts_.pay(turn);
  contact_.tick(turn);
  if (log_.is_due(now)) follow(log_.follow(), turn);
}

void BridgeCore::on_leave(Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  contact_.leave(turn);
}

// --- What control and operators send ---

void BridgeCore::on_log(std::string_view frame, Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  auto record = log_.read_live(frame, turn);
  if (!record) return;
  if (record->record.is<schemas::Kill>()) kills_.on_live(*record, turn);
  follower_.saw(std::move(*record));
}

void BridgeCore::on_lease(std::string_view bytes, Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  const auto frame = contact_.open_lease(bytes, turn);
  if (!frame) return;
  for (const auto& kill : log_.read_uncommitted(*frame, turn)) kills_.on_uncommitted(kill, turn);
  follower_.may_begin_at(frame->begins);
  follow(log_.follow(frame->head), turn);
  if (!log_.has_all(*frame) || !contact_.take_grants(*frame, turn)) return;
  turn.note(Note::Level::kInfo, fmt::format("open at {}:{} with {} kills", frame->head.epoch,
                                            frame->head.seq, gate().kills()));
}

void BridgeCore::on_emergency(const schemas::EmergencySubject& from, std::string_view order,
                              Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  kills_.on_order(from, order, turn);
}

void BridgeCore::settle(Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  kills_.settle(turn);
}

void BridgeCore::on_receipt_unsent(const SendReceipt& unsent, Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  kills_.on_receipt_unsent(unsent, turn);
}

// --- The log ---

void BridgeCore::follow(const ControlLog::Committed& committed, Turn& turn) {
  for (const auto& record : committed.records) take(record, turn);
  const bool is_at_head = committed.progress.kind == Progress::Kind::kAtHead;
  if (is_at_head && beginning_) {
    return contact_.stop_for_good("the log ends within the snapshot that it begins with", turn);
  }
  log_.followed(committed.progress, turn);
}

void BridgeCore::apply(const schemas::Record& record, Turn& turn) {
  const auto* left = std::get_if<schemas::BridgeLeft>(&record.body);
  if (left == nullptr) return kills_.commit(record, turn);
  const bool is_own = left->bridge == options_.id.text() && left->process == options_.process;
  if (is_own) contact_.declared_gone(turn);
}

void BridgeCore::on_replayed(std::string_view frame, Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  const auto record = log_.read_replayed(frame, turn);
  if (!record) return;
  if (follower_.begins_with(*record)) {
    follower_.begin(*record);
    beginning_.emplace(*record);
  } else if (log_.is_next(*record, turn)) {
    take(*record, turn);
  }
}

void BridgeCore::on_replay_done(Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  log_.replay_ended();
  follow(log_.follow(), turn);
}

void BridgeCore::on_replay_failed(std::string_view reason, Nanos now, Effects& out) {
  Turn turn(now, counters_, out);
  log_.replay_failed(reason, turn);
}

}  // namespace estop::bridge
