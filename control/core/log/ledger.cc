// SPDX-License-Identifier: Apache-2.0
#include "control/core/log/ledger.h"

#include <algorithm>
#include <utility>

#include "schemas/codec.h"
#include "schemas/invariant.h"

namespace estop::control {

using schemas::Errc;
using schemas::Record;
using schemas::RecordKind;
using schemas::SignedRecord;
using What = LedgerNews::What;

bool LogEntry::may_apply() const {
  const bool opens = record.record.is<schemas::Resume>() ||
                     record.record.is<schemas::BridgeJoined>() ||
                     record.record.is<schemas::Snapshot>();
  return committed && (durable || !opens);
}

SignedRecord Ledger::append(Record draft, AuditLine audit, Now now, Effects& out) {
  draft.issued_at_ms = now.wall_ms;
  if (!blind_) {
    const bool is_first = draft.seq == 0 && ops_.find(draft.op_id) == nullptr;
    auto made = sign_next(std::move(draft), out);
    if (!made) return {};
    LogEntry& entry = push({.record = std::move(*made), .audit = std::move(audit)});
    ops_[entry.record.record.op_id].has_one_seq = is_first;
    if (entry.is_kill()) apply(entry.record, now.boot_us);
    publish(entry, out);
    return entry.record;
  }
  draft.epoch = epoch_;
  draft.term = term_;
  auto made = sign(draft, out);
  if (!made) return {};
  unnumbered_.push_back({.record = std::move(*made), .audit = audit});
  const LogEntry& entry = unnumbered_.back();
  ops_[draft.op_id] = {.kind = draft.kind(), .scope = scope_of(draft)};
  apply(entry.record, now.boot_us);
  announce(entry.record.frame, out);
  out.push_back(WriteAudit{std::move(audit)});
  return entry.record;
}

void Ledger::announce(const schemas::Bytes& frame, Effects& out) {
  out.push_back(PublishRecord{0, frame});
}

std::optional<SignedRecord> Ledger::sign(const Record& draft, Effects& out) {
  auto made = schemas::sign_record(draft, key_);
  if (made) return std::move(*made);
  stop("a record that nobody could read was not written: " + to_string(made.error()), out);
  return std::nullopt;
}

std::optional<SignedRecord> Ledger::sign_next(Record draft, Effects& out) {
  draft.epoch = epoch_;
  draft.term = term_;
  draft.seq = hashes_.last() + 1;
  draft.prev = hashes_.newest();
  auto* resume = std::get_if<schemas::Resume>(&draft.body);
  if (resume != nullptr && resume->incarnation == 0) {
    incarnation_ = std::max(incarnation_ + 1, draft.seq);
    resume->incarnation = incarnation_;
  }
  auto made = sign(draft, out);
  if (made) hashes_.add(made->hash);
  return made;
}

LogEntry& Ledger::push(LogEntry entry) {
  const Record& record = entry.record.record;
  snapshots_.entered(entry.record);
  schemas::ensure(pending_.empty() || record.seq == pending_.back().record.record.seq + 1,
                  "records follow each other without a gap");
  if (!is_of_snapshot(record)) {
    OpState& op = ops_[record.op_id];
    op.seq = record.seq;
    op.kind = record.kind();
    op.scope = scope_of(record);
    op.through = through_of(record);
    op.committed = entry.committed;
    op.durable = entry.durable;
  }
  pending_.push_back(std::move(entry));
  return pending_.back();
}

void Ledger::publish(LogEntry& entry, Effects& out) {
  entry.in_flight = true;
  const std::uint64_t seq = entry.record.record.seq;
  out.push_back(PublishRecord{seq, entry.record.frame, seq == first_in_stream_});
}

void Ledger::publish_more(Effects& out) {
  std::size_t in_flight = 0;
  for (LogEntry& entry : pending_) {
    if (entry.committed) continue;
    if (++in_flight > kAppendWindow) return;
    if (!entry.in_flight) publish(entry, out);
  }
}

void Ledger::store_new(Effects& out) {
  for (LogEntry& entry : pending_) {
    if (entry.durable || entry.storing || entry.store_failed) continue;
    entry.storing = true;
    out.push_back(StoreRecord{entry.record, entry.audit});
  }
}

void Ledger::read_stream(Effects& out) {
  if (reading_) return;
  reading_ = true;
  read_after_seq_ = committed_seq_;
  const std::uint64_t known = blind_ ? hashes_.last() : committed_seq_;
  const bool may_begin = blind_ && start_.state;
  out.push_back(ReadStream{std::max<std::uint64_t>(known, 1), may_begin ? first_needed() : 1});
}

std::vector<LedgerNews> Ledger::on_append(const AppendAnswered& answer, Effects& out) {
  std::vector<LedgerNews> news;
  LogEntry* entry = entry_at(answer.seq);
  if (entry != nullptr) entry->in_flight = false;
  if (answer.result) {
    stream_ok_ = true;
    stream_problem_.clear();
    commit_through(answer.seq, news);
    advance(news);
    publish_more(out);
  } else if (answer.result.error().code == Errc::kLogConflict) {
    // Either the stream has it already and the answer was lost, or something is wrong: the next
    // look at the stream says.
    if (answer.seq == committed_seq_ + 1) next_probe_us_ = 0;
  } else {
    stream_ok_ = false;
    stream_problem_ = answer.result.error().detail;
  }
  return news;
}

std::vector<LedgerNews> Ledger::on_stored(const RecordStored& stored, Effects& out) {
  std::vector<LedgerNews> news;
  LogEntry* entry = entry_at(stored.seq);
  if (!stored.result && stored.result.error().code == Errc::kChainBroken) {
    stop("the recorder holds another record at " + std::to_string(stored.seq), out);
    return news;
  }
  recorder_ok_ = stored.result.has_value();
  if (entry == nullptr) return news;
  entry->storing = false;
  entry->store_failed = !stored.result;
  if (!stored.result || entry->durable) return news;
  entry->durable = true;
  if (OpState* op = ops_.find(entry->record.record.op_id)) {
    op->durable = true;
    op->audit_number = stored.audit_number;
  }
  news.push_back({What::kDurable, entry->record, stored.audit_number});
  advance(news);
  return news;
}

void Ledger::on_link(bool up) {
  if (up) next_probe_us_ = 0;
  if (!up) stream_ok_ = false;
}

void Ledger::tick(Now now, bool recorder_healthy, Effects& out) {
  if (!recorder_healthy) recorder_ok_ = false;
  const bool owes = std::any_of(pending_.begin(), pending_.end(),
                                [](const LogEntry& entry) { return !entry.durable; });
  if (recorder_healthy && !owes) recorder_ok_ = true;
  if (now.boot_us >= next_probe_us_) {
    next_probe_us_ = now.boot_us + (blind_ ? kRetry_us : kProbe_us);
    read_stream(out);
  }
  if (now.boot_us < next_retry_us_) return;
  next_retry_us_ = now.boot_us + kRetry_us;
  for (const LogEntry& entry : unnumbered_) announce(entry.record.frame, out);
  if (blind_) return;
  ops_.forget(kForgottenAtOnce);
  publish_more(out);
  for (LogEntry& entry : pending_) entry.store_failed = false;
}

std::string Ledger::write_snapshot(Now now, Effects& out) {
  const bool is_idle = stream_healthy() && recorder_ok_ && pending_.empty();
  if (!is_idle || !snapshots_.is_due(head())) return {};
  if (!snapshots_.is_between_parts()) {
    std::string problem = snapshots_.difference(latches_, joined_);
    if (!problem.empty()) return problem;
  }
  for (std::size_t i = 0; i < kPartsAtOnce; ++i) {
    Record draft = snapshots_.next(head());
    draft.issued_at_ms = now.wall_ms;
    std::optional<AuditLine> audit;
    if (draft.is<schemas::Snapshot>()) {
      audit = audit_line(now, "snapshot", std::string(kControl), {}, draft.op_id);
    }
    auto made = sign_next(std::move(draft), out);
    if (!made) return {};
    const bool is_last = audit.has_value();
    publish(push({.record = std::move(*made), .audit = std::move(audit)}), out);
    if (is_last) break;
  }
  return {};
}

void Ledger::purge_stream(std::uint64_t all_applied, Now now, Effects& out) {
  const std::uint64_t before = snapshots_.needless_before();
  const bool is_wanted = before > purged_before_ && all_applied >= snapshots_.ends();
  if (!is_wanted || !stream_healthy() || now.boot_us < next_purge_us_) return;
  next_purge_us_ = now.boot_us + kPurgeAgain_us;
  out.push_back(PurgeStream{before});
}

void Ledger::on_purged(const StreamPurged& purged, Effects& out) {
  if (!purged.result) return;
  if (blind_) return read_stream(out);  // it was a copy of former times
  purged_before_ = std::max(purged_before_, purged.before_seq);
  hashes_.forget_before(purged_before_);
}

void Ledger::commit_through(std::uint64_t seq, std::vector<LedgerNews>& news) {
  for (LogEntry& entry : pending_) {
    if (entry.record.record.seq > seq) break;
    if (entry.committed) continue;
    entry.committed = true;
    committed_seq_ = entry.record.record.seq;
    if (OpState* op = ops_.find(entry.record.record.op_id)) op->committed = true;
    news.push_back({What::kCommitted, entry.record, 0});
  }
}

// Applies what is due, in order, and lets go of what needs nothing more.
void Ledger::advance(std::vector<LedgerNews>& news) {
  for (LogEntry& entry : pending_) {
    const Record& record = entry.record.record;
    if (record.seq <= applied_seq_) continue;
    if (!entry.may_apply()) break;
    if (!entry.is_kill()) apply(entry.record, 0);
    applied_seq_ = record.seq;
    snapshots_.applied(record);
    if (OpState* op = ops_.find(record.op_id)) op->applied = true;
    news.push_back({What::kApplied, entry.record, 0});
  }
  while (!pending_.empty() && pending_.front().durable &&
         pending_.front().record.record.seq <= applied_seq_) {
    if (!pending_.front().is_kill()) ops_.ended(pending_.front().record.record.op_id);
    pending_.pop_front();
  }
  if (term_seq_ != 0 && applied_seq_ >= term_seq_) leading_ = true;
}

void Ledger::apply(const SignedRecord& applied, std::uint64_t now_us) {
  const Record& record = applied.record;
  if (record.is<schemas::Kill>()) {
    latches_.kill(applied, now_us);
  } else if (record.is<schemas::Resume>()) {
    remember_lifted(record);
    latches_.resume(record.resume());
  } else {
    enter_bridge(record, joined_);
  }
}

void Ledger::remember_lifted(const Record& resume) {
  for (const HeldKill* held : latches_.lifted_by(resume.resume())) {
    remember_lifted(held->latch.op_id, resume);
    ops_.ended(held->latch.op_id);
  }
}

void Ledger::remember_lifted(const std::string& op_id, const Record& resume) {
  OpState* op = ops_.find(op_id);
  if (op == nullptr || op->kind != RecordKind::kKill) return;
  if (op->scope != resume.scope() || !op->lifted_by.empty()) return;
  op->lifted_by = resume.op_id;
  op->lifted_ms = resume.issued_at_ms;
}

LogEntry* Ledger::entry_at(std::uint64_t seq) {
  if (pending_.empty() || seq < pending_.front().record.record.seq) return nullptr;
  const std::uint64_t index = seq - pending_.front().record.record.seq;
  return index < pending_.size() ? &pending_[index] : nullptr;
}

}  // namespace estop::control
