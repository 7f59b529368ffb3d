// SPDX-License-Identifier: Apache-2.0
#include "control/core/control_core.h"

#include <utility>

#include "schemas/codec.h"

namespace estop::control {

using schemas::BridgeState;
using schemas::RecordKind;
using schemas::SignedRecord;

ControlCore::ControlCore(CoreOptions options, schemas::SigningKey log_key)
    : options_(std::move(options)),
      ledger_(std::move(log_key), options_.ended_ops_max),
      roster_(options_.roster),
      registry_(options_.agents),
      clients_(options_.sharing_grace_us, options_.silent_max) {}

Effects ControlCore::start(std::vector<SignedRecord> records,
                           const std::vector<StoredAgent>& agents, std::string fresh_id, Now now) {
  Effects out;
  started_us_ = now.boot_us;
  for (const StoredAgent& agent : agents) registry_.restore(agent, now.boot_us);
  // Their leases may hold, whatever the stream has kept: a fence waits for them from now on.
  JoinedBridges bridges;
  for (const SignedRecord& one : records) enter_bridge(one.record, bridges);
  for (const auto& [name, key] : bridges) roster_.joined(name, key, true);
  out.push_back(FindBeginning{});
  note(audit_line(now, "control-started", "control"), out);
  ledger_.begin(std::move(records), std::move(fresh_id), out);
  return out;
}

Effects ControlCore::handle(const Event& event, Now now) {
  Effects out;
  std::visit([&](const auto& happened) { on(happened, now, out); }, event);
  ledger_.store_new(out);
  return out;
}

// --- The log ---

void ControlCore::on(const StreamRead& read, Now now, Effects& out) {
  const bool was_blind = ledger_.is_blind();
  const auto news = ledger_.on_stream(read, now, out);
  if (was_blind && !ledger_.is_blind()) {
    for (const auto& [name, key] : ledger_.joined()) roster_.joined(name, key, true);
  }
  take(news, now, out);
}

void ControlCore::on(const AppendAnswered& answer, Now now, Effects& out) {
  take(ledger_.on_append(answer, out), now, out);
  const auto code = answer.result ? schemas::Errc::kOk : answer.result.error().code;
  const bool is_refused =
      code == schemas::Errc::kStoreUnavailable || code == schemas::Errc::kTimeout;
  if (is_refused)
    alarm("stream-failed", {}, stream_sentence(answer.result.error().detail), now, out);
}

void ControlCore::on(const RecordStored& stored, Now now, Effects& out) {
  if (!stored.result) {
    alarm("recorder-failed", {}, schemas::to_string(stored.result.error()), now, out);
  }
  take(ledger_.on_stored(stored, out), now, out);
}

void ControlCore::on(const LinkChanged& link, Now, Effects&) {
  ledger_.on_link(link.up);
}

void ControlCore::take(const std::vector<LedgerNews>& news, Now now, Effects& out) {
  for (const LedgerNews& item : news) {
    const std::string& op_id = item.record.record.op_id;
    Order* order = orders_.find(op_id);
    switch (item.what) {
      case LedgerNews::What::kCommitted:
        if (order != nullptr) {
          orders_.reach(*order, Stage::kCommitted, committed_json(item.record.record.seq), out);
        }
        break;
      case LedgerNews::What::kDurable:
        if (const OpState* known = ledger_.find(op_id); order != nullptr && known != nullptr) {
          orders_.reach(*order, Stage::kDurable, durable_json(*known, audit_begins_), out);
        }
        break;
      case LedgerNews::What::kApplied:
        applied(item.record, now, out);
        break;
    }
  }
}

// The head of leases has moved over this record. What opens something is told to the bridges at
// once.
void ControlCore::applied(const SignedRecord& signed_record, Now now, Effects& out) {
  const schemas::Record& record = signed_record.record;
  switch (record.kind) {
    case RecordKind::kResume: {
      Order* order = orders_.find(record.op_id);
      if (order == nullptr) order = &begin_order(signed_record, {}, now);
      const Gathering& gathering = roster_.gather(record.op_id, record.seq, false, now.boot_us);
      if (ledger_.latches().exactly(record.scope).empty()) out.push_back(LiftBar{record.scope});
      publish_lease(now, out);
      gathered(*order, gathering, now, out);
      break;
    }
    case RecordKind::kBridgeJoined: {
      const BridgeName name{record.target, record.process};
      bridges_moving_.erase(name);
      roster_.joined(name, key_of(record), false);
      publish_lease(now, out);
      break;
    }
    case RecordKind::kBridgeLeft: {
      const BridgeName name{record.target, record.process};
      bridges_moving_.erase(name);
      roster_.left(name, now.boot_us);
      break;
    }
    case RecordKind::kTermOpened:
      publish_lease(now, out);
      break;
    case RecordKind::kKill:
    case RecordKind::kEpochOpened:
    case RecordKind::kFirstSkippable:
      break;
  }
}

// H59: no kill that is not committed is left out. Where they do not fit one frame there are
// several, and the grants are in the last. Each says how many kills there are, with their digest:
// a bridge that missed one takes no grant.
void ControlCore::publish_lease(Now now, Effects& out) {
  if (!ledger_.is_leading()) return;
  next_lease_us_ = now.boot_us + options_.lease_every_us;
  schemas::LeaseFrame frame;
  frame.leader = options_.process;
  frame.term = ledger_.term();
  frame.head = ledger_.head();
  frame.sent_at_ms = now.wall_ms;
  auto kills = ledger_.kills_beyond_head();
  frame.round = ++lease_round_;
  frame.uncommitted_count = kills.hashes.size();
  frame.uncommitted_digest = schemas::digest_of(kills.hashes);
  for (auto& part : kills.parts) {
    frame.uncommitted = std::move(part);
    if (&part == &kills.parts.back()) frame.grants = roster_.grant();
    auto bytes = schemas::sign_lease(frame, ledger_.key());
    if (!bytes) return alarm("unwritable-lease", "control", to_string(bytes.error()), now, out);
    out.push_back(PublishLease{std::move(*bytes)});
  }
}

// --- Time ---

void ControlCore::on(const Tick& tick, Now now, Effects& out) {
  ledger_.tick(now, tick.recorder_healthy, out);
  for (const std::string& op_id : roster_.settle(now.boot_us)) {
    Order* order = orders_.find(op_id);
    if (order != nullptr) gathered(*order, *roster_.find(op_id), now, out);
  }
  const bool leading = ledger_.is_leading();
  for (const BridgeName& name : leading ? roster_.silent(now.boot_us) : std::vector<BridgeName>{}) {
    if (bridges_moving_.contains(name)) continue;
    const bool clean = roster_.all().at(name).beat.state == BridgeState::kLeaving;
    if (!clean) {
      alarm("bridge-lost", name.id,
            "the bridge (process " + name.process + ") is silent and its lease is over", now, out);
    }
    roster_.leaves(name);
    append_bridge(RecordKind::kBridgeLeft, name, {}, now, out);
  }
  roster_.forget_gone(now.boot_us);
  if (now.boot_us >= next_lease_us_) publish_lease(now, out);
  repeat_unconfirmed(now, out);
  revoke_fenced(now, out);
  look_at_health(now, out);
  note_sums(now, out);
  std::erase_if(alarms_told_,
                [&](const auto& told) { return now.boot_us >= told.second + kAlarmAgain_us; });
  expire_proposals(now, out);
  expire_lookups(now, out);
  look_at_clients(tick, now, out);
  for (Order* order : orders_.expire(now.boot_us, out)) {
    note(audit_line(
             now, "unconfirmed", order->actor, order->scope.text(), order->op_id,
             order->newest.contains(Stage::kStopped) ? order->newest.at(Stage::kStopped) : "{}"),
         out);
  }
  std::erase_if(alarms_told_,
                [&](const auto& entry) { return now.boot_us >= entry.second + kAlarmAgain_us; });
  for (const std::string& op_id : orders_.forget_old(now.boot_us)) {
    roster_.forget(op_id);
    registry_.forget_stops(op_id);
  }
}

// The broker delivers at most once. Bridges hear an unconfirmed kill again and again, runtimes ever
// more rarely: one that does not obey would cost all the others, and a beat's answer names the kill
// too.
void ControlCore::repeat_unconfirmed(Now now, Effects& out) {
  if (now.boot_us < next_announce_us_) return;
  next_announce_us_ = now.boot_us + kRetry_us;
  for (auto& [op_id, order] : orders_.all()) {
    if (order.kind != RecordKind::kKill || now.boot_us < order.started_us + kRetry_us) continue;
    if (order.frame.empty()) continue;  // not written yet, or not to be told again
    const Gathering* fence = roster_.find(op_id);
    if (fence != nullptr && fence->done_us == 0) Ledger::announce(order.frame, out);
    const StopCount* stops = registry_.stops(op_id);
    const bool in_force = ledger_.latches().find(op_id) != nullptr;
    if (!in_force || stops == nullptr || stops->missing.empty()) continue;
    if (now.boot_us < order.started_us + order.repeat_us) continue;
    order.repeat_us *= 2;
    const schemas::Address address = order.scope.address();
    out.push_back(
        PublishToAgents{address.empty() ? std::nullopt : std::optional(address), order.frame});
  }
}

// --- Telling ---

void ControlCore::note(AuditEntry entry, Effects& out) {
  out.push_back(WriteAudit{std::move(entry)});
}

void ControlCore::publish_event(const AuditEntry& entry, std::uint64_t number, Effects& out) {
  auto kind = schemas::Segment::parse(entry.kind);
  if (kind) out.push_back(PublishEvent{std::move(*kind), entry, number});
}

// While the recorder cannot write an order is not held back from the feed. It comes once more, with
// its number, when it is on the disk.
void ControlCore::publish_unless_stored(const AuditEntry& order, Effects& out) const {
  if (!ledger_.recorder_healthy()) publish_event(order, 0, out);
}

void ControlCore::on(const AuditWritten& tail, Now, Effects& out) {
  for (const AuditRow& row : tail.rows) publish_event(row.entry, row.number, out);
}

void ControlCore::on(const AuditUnwritten& line, Now, Effects& out) {
  publish_event(line.entry, 0, out);
}

void ControlCore::alarm(const std::string& kind, const std::string& subject,
                        const std::string& detail, Now now, Effects& out) {
  std::uint64_t& told = alarms_told_[kind + " " + subject];
  if (told != 0 && now.boot_us < told + kAlarmAgain_us) return;
  told = now.boot_us;
  ++counters_.alarms;
  out.push_back(Alarm{kind, subject.empty() ? detail : subject + ": " + detail});
  note(audit_line(now, "alarm-" + kind, "control", subject, {}, text_detail("problem", detail)),
       out);
}

StatusView ControlCore::view(Now now) const {
  return {options_.version, ledger_, roster_, registry_, proposals_, now, started_us_};
}

}  // namespace estop::control
