// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/observer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "control/core/orders/op_table.h"
#include "schemas/codec.h"

namespace estop::sim {

using schemas::RecordKind;

namespace {

constexpr std::size_t kLeasesKept = 64;

}  // namespace

Observer::Observer(Ground& ground, ObserverSettings settings, const Disk& disk)
    : ground_(ground), settings_(std::move(settings)), disk_(disk) {}

void Observer::fail(const std::string& invariant, const std::string& text) {
  throw Violation{invariant, text};
}

void Observer::ordered(const std::string& verb, const std::string& scope,
                       const std::string& op_id) {
  ground_.trace.note(ground_.timeline.now(), op_id,
                     [&] { return fmt::format("operator: {} {} ({})", verb, scope, op_id); });
  orders_.emplace(op_id, scope);
  if (verb == "kill") truth_.ordered(op_id, *schemas::Scope::parse(scope));
}

void Observer::kill_told_durable(const std::string& op_id) {
  checked("told");
  const Kill* kill = truth_.find(op_id);
  const bool is_stored =
      std::any_of(disk_.records.begin(), disk_.records.end(), [&](const auto& entry) {
        const schemas::Record& record = entry.second.record;
        return record.op_id == op_id && record.is<schemas::Kill>() && kill != nullptr &&
               record.scope() == kill->scope;
      });
  if (!is_stored) fail("told", "the operator was told that " + op_id + " is durable; it is not");
}

// Only one that was lifted may be refused: that one, too, was published once.
void Observer::kill_refused(const std::string& op_id, const std::string& why) {
  checked("told");
  const Kill* kill = truth_.find(op_id);
  if (kill == nullptr || kill->records.empty()) fail("told", op_id + " is refused: " + why);
}

std::vector<std::string> Observer::scopes_killed() const {
  std::set<std::string> scopes;
  for (const auto& [op_id, kill] : truth_.kills()) {
    if (is_held(kill)) scopes.insert(kill.scope.text());
  }
  return {scopes.begin(), scopes.end()};
}

std::vector<std::string> Observer::kills_of(std::string_view scope) const {
  std::vector<std::string> op_ids;
  for (const auto& [op_id, kill] : truth_.kills()) {
    if (kill.scope.text() == scope && is_held(kill)) op_ids.push_back(op_id);
  }
  return op_ids;
}

bool Observer::is_held(const Kill& kill) const {
  if (kill.resumed) return false;
  return kill.known || std::any_of(bridges_.begin(), bridges_.end(), [&](const auto& one) {
           return one.second.seen.contains(kill.op_id);
         });
}

std::set<std::string> Observer::forgotten(const schemas::Instance& instance) const {
  std::set<std::string> kept;
  const auto agent = agents_.find(instance.text());
  if (agent == agents_.end()) return kept;
  for (const auto& [op_id, stamp] : agent->second.seen) {
    const auto kill = truth_.kills().find(op_id);
    if (kill != truth_.kills().end() && !kill->second.known && !kill->second.resumed) {
      kept.insert(op_id);
    }
  }
  return kept;
}

std::uint64_t Observer::forwards_of(const schemas::Instance& sender) const {
  const auto found = forwards_of_.find(sender.text());
  return found == forwards_of_.end() ? 0 : found->second;
}

std::string Observer::old_lease() const {
  return leases_.empty() ? std::string() : leases_.front();
}

// --- Control ---

void Observer::control_began() {
  published_.clear();
  leads_ = false;
}

void Observer::record_published(const schemas::Bytes& frame) {
  const auto record = schemas::open_record(frame);
  if (!record) fail("I7", "control published what is no record");
  const schemas::Record& made = record->record;
  const bool is_order = made.is<schemas::Kill>() || made.is<schemas::Resume>();
  ground_.trace.note(ground_.timeline.now(), frame, [&] {
    return fmt::format("control: {} {} at {} of {}", name(made.kind()), made.op_id, made.seq,
                       is_order ? made.scope().text() : "*");
  });
  if (is_order) {
    checked("I7");
    know_as_own(made);
    const auto ordered = orders_.find(made.op_id);
    if (truth_.ends_late(made)) return control_made(*record);
    if (ordered == orders_.end() || ordered->second != made.scope().text()) {
      fail("I7", fmt::format("nobody ordered {} of {}", made.op_id, made.scope().text()));
    }
  }
  control_made(*record);
}

// An order of before the snapshot that control began with, while the recorder did not say in time
// what its op id was: it acts, under one of control's own.
void Observer::know_as_own(const schemas::Record& made) {
  const auto* kill = std::get_if<schemas::Kill>(&made.body);
  if (kill == nullptr || kill->given_as.empty() || orders_.contains(made.op_id)) return;
  // The op id under which control had it may be among those that nobody told of in time, too.
  constexpr unsigned kAttempts = 4;
  std::string before = kill->given_as;
  bool is_its = false;
  for (unsigned attempt = 0; attempt < kAttempts && !is_its; ++attempt) {
    const auto known = orders_.find(before);
    const bool was_ordered = known != orders_.end() && known->second == kill->scope.text();
    before = control::own_op_id(kill->given_as, kill->scope, attempt);
    is_its = was_ordered && made.op_id == before;
  }
  if (!is_its) return;
  ground_.count("kills of forgotten op ids");
  orders_.emplace(made.op_id, kill->scope.text());
  truth_.ordered(made.op_id, kill->scope);
}

void Observer::control_made(const schemas::SignedRecord& record) {
  published_.insert(record.record.op_id);
  truth_.published(record, ground_.timeline.now(), ground_.stamp());
}

void Observer::lease_signed(const schemas::Bytes& bytes) {
  auto frame = schemas::open_lease(bytes, settings_.control_key);
  if (!frame) fail("I7", "control signed a lease that cannot be read");
  control_leads();
  check_head(*frame);
  for (const schemas::Bytes& kill : frame->uncommitted) {
    if (const auto record = schemas::open_record(kill)) control_made(*record);
  }
  signed_.insert_or_assign(bytes, Lease{ground_.stamp(), std::move(*frame)});
  leases_.push_back(bytes);
  if (leases_.size() > kLeasesKept) leases_.pop_front();
}

// What a head covers is committed, the same for ever, and durable where it opens something.
void Observer::check_head(const schemas::LeaseFrame& frame) {
  const schemas::Head& head = frame.head;
  if (head.seq == 0) return;
  checked("I11");
  if (!taken_.contains(head.hash)) {
    fail("I11", fmt::format("the head {} was never taken by the stream", head.seq));
  }
  const auto known = heads_.emplace(head.seq, head.hash).first;
  if (known->second != head.hash) {
    fail("I11", fmt::format("two records are committed at {}", head.seq));
  }
}

// A new control may go on from what stream and recorder hold; what they lost is gone.
void Observer::control_leads() {
  if (std::exchange(leads_, true)) return;
  std::set<schemas::Hash> held;
  for (const auto& [seq, record] : disk_.records) held.insert(record.hash);
  for (const std::string& frame : stream_->frames()) {
    if (const auto record = schemas::open_record(frame)) held.insert(record->hash);
  }
  std::erase_if(heads_, [&](const auto& entry) { return !held.contains(entry.second); });
  const std::size_t lost = truth_.control_knows_only(held, published_);
  if (lost != 0) ground_.count("kill lost with all who knew it", lost);
}

void Observer::audited(const control::AuditEntry& entry) {
  if (entry.kind == "instance-stopped") {
    checked("unconfirmed");
    const std::string instance = entry.actor.substr(entry.actor.find('@') + 1);
    const auto known = agents_.find(instance);
    if (known != agents_.end() && !known->second.stopped.contains(entry.op_id)) {
      fail("unconfirmed", entry.actor + " is shown as stopped by " + entry.op_id);
    }
  }
  if (entry.kind != "fenced") return;
  ground_.count("fences");
  ground_.trace.note(ground_.timeline.now(), entry.op_id,
                     [&] { return "control: fenced " + entry.op_id; });
  Kill* kill = truth_.find(entry.op_id);
  if (kill != nullptr) kill->fenced = true;
}

void Observer::alarmed(std::string_view kind, std::string_view detail) {
  if (kind == "bridge-log-differs") named_.emplace(detail.substr(0, detail.find(':')));
}

void Observer::agent_answered(const std::string& reply_subject) {
  answered_[reply_subject] = ground_.stamp();
}

// --- What keeps the log ---

void Observer::stream_took(std::uint64_t seq, std::string_view frame) {
  const auto record = schemas::open_record(frame);
  if (!record || !schemas::verify_record(*record, settings_.control_key)) {
    fail("I7", fmt::format("the stream took at {} what control did not sign", seq));
  }
  taken_.insert(record->hash);
  truth_.taken(record->hash);
}

void Observer::recorder_stored(const schemas::SignedRecord& record) {
  checked("I8");
  const std::string& op_id = record.record.op_id;
  const bool told = std::any_of(disk_.audit.begin(), disk_.audit.end(), [&](const auto& line) {
    return line.op_id == op_id || line.kind == "gap";
  });
  const bool is_order =
      record.record.kind() == RecordKind::kKill || record.record.kind() == RecordKind::kResume;
  if (is_order && !told) fail("I8", op_id + " is in the log and not in the audit");
  control_made(record);  // it may be cut off: then nothing of it was published
  truth_.stored(record.hash);
}

}  // namespace estop::sim
