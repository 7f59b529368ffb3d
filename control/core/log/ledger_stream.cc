// SPDX-License-Identifier: Apache-2.0

// The ledger's reading of the stream: at start to find the log's head, later to explain a conflict
// and to see a loss.
#include <algorithm>
#include <utility>

#include "control/core/log/ledger.h"
#include "schemas/codec.h"

namespace estop::control {

using schemas::Record;
using schemas::RecordKind;
using schemas::SignedRecord;

namespace {

OpState op_of(const Record& record) {
  return {.seq = record.seq,
          .kind = record.kind(),
          .scope = scope_of(record),
          .durable = true,
          .through = through_of(record)};
}

AuditLine adopted(const Record& record, Now now) {
  return audit_line(now, "adopted", record.actor.name, scope_of(record).text(), record.op_id,
                    SeenInStream{record.seq});
}

}  // namespace

void Ledger::remember_lifted_before(const Record& resume) {
  for (const std::string& op_id : resume.resume().lifts) remember_lifted(op_id, resume);
  const schemas::Head& place = resume.resume().through.place;
  const auto look_at = [&](const Record& kill) {
    if (std::pair(kill.epoch, kill.seq) > std::pair(place.epoch, place.seq)) return;
    if (kill.is<schemas::Kill>()) remember_lifted(kill.op_id, resume);
  };
  for (const SignedRecord& earlier : start_.records) look_at(earlier.record);
  if (!start_.state) return;
  for (const auto& [scope, kills] : start_.state->kills()) {
    for (const auto& [at, kill] : kills) look_at(kill.record);
  }
}

void Ledger::begin_behind(const schemas::LogState& state) {
  hashes_.begin_behind(start_.place);
  for (const auto& [scope, kills] : state.kills()) {
    for (const auto& [place, kill] : kills) ops_[kill.record.op_id] = op_of(kill.record);
  }
}

void Ledger::begin(LogStart stored, const std::vector<std::string>& older_ops, std::string fresh_id,
                   Effects& out) {
  fresh_id_ = std::move(fresh_id);
  if (!stored.records.empty()) stored_last_ = stored.records.back().record.seq;
  start_ = {std::move(stored.state), stored.place, {}};
  if (start_.state) begin_behind(*start_.state);
  for (const std::string& op_id : older_ops) {
    if (ops_.find(op_id) == nullptr) ops_.forgotten(op_id);
  }
  for (SignedRecord& record : stored.records) {
    // Behind a gap the stream has to help: what it holds there is compared and stored again.
    if (record.record.seq != hashes_.last() + 1) break;
    if (!is_of_snapshot(record.record)) ops_[record.record.op_id] = op_of(record.record);
    if (record.record.is<schemas::Resume>()) remember_lifted_before(record.record);
    hashes_.add(record.hash);
    start_.records.push_back(std::move(record));
  }
  stored_count_ = start_.records.size();
  read_stream(out);
}

void Ledger::recall(const FoundOrder& found) {
  OpState op = op_of(found.record.record);
  op.committed = op.applied = true;
  op.audit_number = found.audit_number;
  op.is_line_gone = found.audit_number == 0;
  op.lifted_by = found.lifted_by;
  op.lifted_ms = found.lifted_ms;
  ops_.recall(found.record.record.op_id, std::move(op));
}

void Ledger::note_line(const std::string& op_id, std::uint64_t audit_number) {
  OpState* op = ops_.find(op_id);
  if (op == nullptr || op->audit_number != 0) return;
  op->audit_number = audit_number;
  op->is_line_gone = audit_number == 0;
}

bool Ledger::stop(std::string reason, Effects& out) {
  leading_ = false;
  stream_ok_ = false;
  out.push_back(Alarm{"log-broken", reason});
  out.push_back(Stop{std::move(reason)});
  return false;
}

std::vector<LedgerNews> Ledger::on_stream(const StreamRead& read, Now now, Effects& out) {
  std::vector<LedgerNews> news;
  reading_ = false;
  next_probe_us_ = now.boot_us + (blind_ ? kRetry_us : kProbe_us);
  const bool whole = read.tail && (read.tail->last_seq == 0 ||
                                   (!read.tail->records.empty() &&
                                    read.tail->records.back().record.seq == read.tail->last_seq));
  if (!whole) {
    stream_ok_ = false;
    return news;
  }
  const StreamTail& tail = *read.tail;
  if (blind_ && hashes_.empty() && tail.first_seq > 1 && !begin_with(tail, out)) return news;
  if (blind_ && tail.last_seq > 0 && tail.last_seq + 1 < first_needed()) {
    empty_stream(tail, out);
    return news;
  }
  if (tail.last_seq > 0 && tail.first_seq > std::max(first_needed(), begins())) {
    stop("the stream lost its records before " + std::to_string(tail.first_seq) +
             ": remove it, and it is made anew from the recorder",
         out);
    return news;
  }
  if (!blind_) {
    if (!confirm(tail, news, out)) return news;
    stream_ok_ = true;
  } else if (adopt(tail, out)) {
    stream_ok_ = true;
    open_log(tail.last_seq, now, out);
  }
  advance(news);
  return news;
}

// It ends before what control reads again: a copy of former times, if its records are ours. It is
// emptied, and read once more.
void Ledger::empty_stream(const StreamTail& tail, Effects& out) {
  const SignedRecord& last = tail.records.back();
  if (last.record.epoch <= epoch_ && schemas::verify_record(last, key_.public_key())) {
    return out.push_back(PurgeStream{first_needed()});
  }
  stop("the stream ends with record " + std::to_string(tail.last_seq) +
           ", which is not signed by this Estop's log key: it is another's",
       out);
}

// The recorder has nothing, and the stream begins with a snapshot.
bool Ledger::begin_with(const StreamTail& tail, Effects& out) {
  auto start = log_start(tail.records);
  if (!start || !start->state) {
    return stop("the stream begins with record " + std::to_string(tail.first_seq) +
                    ", which no whole snapshot begins with, and the recorder has nothing",
                out);
  }
  start_ = {std::move(start->state), start->place, {}};
  begin_behind(*start_.state);
  return true;
}

// Blind: takes over what the stream holds beyond the recorder's records.
bool Ledger::adopt(const StreamTail& tail, Effects& out) {
  for (const SignedRecord& record : tail.records) {
    const std::uint64_t seq = record.record.seq;
    const std::string place = "record " + std::to_string(seq) + " of the stream ";
    if (hashes_.has(seq)) {
      if (hashes_[seq] != record.hash) return stop(place + "is not the recorder's", out);
      continue;
    }
    const bool follows = seq == hashes_.last() + 1 && record.record.prev == hashes_.newest();
    if (!follows) return stop(place + "does not follow the one before it", out);
    if (!schemas::verify_record(record, key_.public_key())) {
      return stop(place + "is not signed by this Estop's log key", out);
    }
    hashes_.add(record.hash);
    start_.records.push_back(record);
  }
  if (stored_last_ > hashes_.last()) {
    return stop("the recorder lacks record " + std::to_string(hashes_.last() + 1) +
                    ", and so does the stream",
                out);
  }
  return true;
}

// Not blind: the stream has to hold what it committed, and nothing that is not ours. What was
// committed while it was looked at may be missing from the answer.
bool Ledger::confirm(const StreamTail& tail, std::vector<LedgerNews>& news, Effects& out) {
  if (tail.last_seq < read_after_seq_) {
    return stop("the stream went back from " + std::to_string(read_after_seq_) + " to " +
                    std::to_string(tail.last_seq),
                out);
  }
  for (const SignedRecord& record : tail.records) {
    const std::uint64_t seq = record.record.seq;
    if (!hashes_.has(seq) || hashes_[seq] != record.hash) {
      return stop("record " + std::to_string(seq) + " of the stream was written by somebody else",
                  out);
    }
  }
  commit_through(tail.last_seq, news);
  publish_more(out);
  return true;
}

// What a snapshot says was committed and durable before it was begun.
void Ledger::open_behind(const schemas::LogState& state, Now now) {
  for (const auto& [scope, kills] : state.kills()) {
    for (const auto& [place, kill] : kills) {
      latches_.kill(kill, now.boot_us);
      if (OpState* op = ops_.find(kill.record.op_id)) op->committed = op->applied = true;
    }
  }
  for (const auto& [scope, life] : state.lives()) {
    latches_.begin(*schemas::Scope::parse(scope), life);
    incarnation_ = std::max(incarnation_, life);
  }
  for (const auto& [name, bridge] : state.joined()) {
    joined_[{name.first, name.second}] = key_of(bridge);
  }
  snapshots_.begin(state);
  epoch_ = start_.place.epoch;
  applied_seq_ = start_.place.seq;
}

std::uint64_t Ledger::first_needed() const {
  return start_.place.seq + 1;
}

// The head is known: what is in the log holds, what the stream lacks is appended again, and this
// leader's term begins.
void Ledger::open_log(std::uint64_t stream_last, Now now, Effects& out) {
  blind_ = false;
  if (start_.state) open_behind(*start_.state, now);
  committed_seq_ = std::max(applied_seq_, std::min(stream_last, hashes_.last()));
  if (stream_last == 0) first_in_stream_ = committed_seq_ + 1;
  auto& log = start_.records;
  for (std::size_t i = 0; i < log.size(); ++i) {
    const Record record = log[i].record;
    epoch_ = record.epoch;
    term_ = std::max(term_, record.term + 1);
    if (const auto* resume = std::get_if<schemas::Resume>(&record.body)) {
      incarnation_ = std::max(incarnation_, resume->incarnation);
    }
    const bool stored = i < stored_count_;
    const bool committed = record.seq <= committed_seq_;
    if (stored && committed) {
      apply(log[i], now.boot_us);
      snapshots_.entered(log[i]);
      snapshots_.applied(record);
      applied_seq_ = record.seq;
      if (OpState* op = ops_.find(record.op_id)) op->committed = op->applied = true;
      if (!record.is<schemas::Kill>()) ops_.ended(record.op_id);
      continue;
    }
    LogEntry& entry =
        push({.record = std::move(log[i]), .committed = committed, .durable = stored});
    if (!stored) entry.audit = adopted(record, now);
    if (entry.is_kill()) apply(entry.record, now.boot_us);
  }
  log = {};
  start_.state.reset();
  publish_more(out);
  if (hashes_.empty()) {
    const std::string no_log_before = "0:0";
    append_own(schemas::EpochOpened{no_log_before}, "epoch-" + fresh_id_, now, out);
  }
  append_own(schemas::TermOpened{}, "term-" + std::to_string(term_), now, out);
  term_seq_ = hashes_.last();
  for (LogEntry& kill : std::exchange(unnumbered_, {})) {
    Record draft = kill.record.record;
    const OpState* known = ops_.find(draft.op_id);
    if (known != nullptr && known->seq != 0) continue;  // the log has it already
    now.wall_ms = draft.issued_at_ms;
    kill.audit->kind = "adopted";  // the order itself was audited when it came
    append(std::move(draft), std::move(*kill.audit), now, out);
  }
}

void Ledger::append_own(schemas::RecordBody body, std::string op_id, Now now, Effects& out) {
  Record draft = draft_of(std::move(body), std::move(op_id), "control");
  const std::string label(schemas::name(draft.kind()));
  append(std::move(draft), audit_line(now, label, "control"), now, out);
}

}  // namespace estop::control
