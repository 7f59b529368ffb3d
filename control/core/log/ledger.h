// SPDX-License-Identifier: Apache-2.0

// The leader's part in the control log: numbers, signs and appends records, and knows how far each
// one has come.
//
// A record is *seen* when published, *committed* when the stream took it at its place, *durable*
// when the recorder stored it, *applied* when everything before it is applied and it is committed
// (a resume or a join: durable besides). Bridges may apply what is applied here: that is the head
// of a lease. Kills do not wait: they hold from the moment of their signing.
//
// Blind: the stream was not read since the start, so the head is unknown. Kills go out live and get
// their numbers later; nothing else is possible. Then the stream's tail is compared with the
// recorder's records; what the stream lacks is appended again, byte for byte, so a stream that was
// lost is made anew without a new history. Leading: the record of this leader's term is applied.
// What cannot be explained (another record at a place, a stream that lost committed records while
// we lead) is a Stop, never a guess.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "control/core/effects.h"
#include "control/core/log/latches.h"
#include "control/core/log/log_entry.h"
#include "control/core/log/log_hashes.h"
#include "control/core/log/log_start.h"
#include "control/core/log/op_memory.h"
#include "control/core/log/snapshots.h"
#include "schemas/signing.h"

namespace estop::control {

class Ledger {
 public:
  // `ended_max`: of how many orders that ended everything is remembered. `snapshot_every`: records.
  Ledger(schemas::SigningKey key, std::size_t ended_max, std::uint64_t snapshot_every)
      : key_(std::move(key)), ops_(ended_max), snapshots_(snapshot_every) {}

  // At start: what the recorder kept, the op ids of orders that stand before that, and a fresh id
  // in case that the log is opened now. Asks for the stream.
  void begin(LogStart stored, const std::vector<std::string>& older_ops, std::string fresh_id,
             Effects& out);

  // Numbers, signs and publishes a draft (kind, op_id, scope, actor, … set). Blind: kills only.
  // The caller has asked schemas::check_record, or read the draft from a frame: a record that no
  // reader would take ends control instead, as nothing may be written behind it.
  schemas::SignedRecord append(schemas::Record draft, AuditLine audit, Now now, Effects& out);
  // Publishes a kill once more, where everybody hears it and the stream refuses it.
  static void announce(const schemas::Bytes& frame, Effects& out);

  std::vector<LedgerNews> on_stream(const StreamRead& read, Now now, Effects& out);
  std::vector<LedgerNews> on_append(const AppendAnswered& answer, Effects& out);
  std::vector<LedgerNews> on_stored(const RecordStored& stored, Effects& out);
  void on_link(bool up);
  // Hands new records to the recorder. Call it last: what bridges wait for goes out first.
  void store_new(Effects& out);
  void tick(Now now, bool recorder_healthy, Effects& out);
  // The next parts of a snapshot, if one is due and nothing else is under way. A sentence: none may
  // be signed, and why.
  std::string write_snapshot(Now now, Effects& out);

  [[nodiscard]] bool is_blind() const { return blind_; }
  [[nodiscard]] bool is_leading() const { return leading_; }
  [[nodiscard]] bool stream_healthy() const { return leading_ && stream_ok_; }
  // Why it took the last record not, in its words; empty: it did, or nobody knows.
  [[nodiscard]] const std::string& stream_problem() const { return stream_problem_; }
  [[nodiscard]] bool recorder_healthy() const { return recorder_ok_; }
  [[nodiscard]] bool is_full() const { return pending_.size() >= kUncommittedMax; }
  [[nodiscard]] std::uint64_t term() const { return term_; }
  [[nodiscard]] schemas::Head head() const;  // newest applied
  [[nodiscard]] std::size_t uncommitted() const;
  // Whether the applied log has exactly this hash at this place; the empty log is part of every
  // log.
  [[nodiscard]] bool contains(const schemas::Head& place) const;
  // Whether a record of this place stood before what control has read.
  [[nodiscard]] bool is_before_start(const schemas::Head& place) const;
  // All of them, in parts that fit one lease frame each; at least one part, which may be empty.
  struct Uncommitted {
    std::vector<std::vector<schemas::Bytes>> parts{1};
    std::vector<schemas::Hash> hashes;
  };
  [[nodiscard]] Uncommitted kills_beyond_head() const;
  // Of an order that ended long ago only the recorder knows (may_be_forgotten): nullptr, until what
  // it found is given to `recall`, or its op id to `never_used`.
  [[nodiscard]] const OpState* find(const std::string& op_id) const { return ops_.find(op_id); }
  [[nodiscard]] bool may_be_forgotten(const std::string& op_id) const {
    return ops_.may_be_forgotten(op_id);
  }
  void recall(const FoundOrder& found);
  void never_used(const std::string& op_id) { ops_.never_used(op_id); }
  // Where its line is in the audit; 0: it was cut away.
  void note_line(const std::string& op_id, std::uint64_t audit_number);
  // Whether the record of the op id has, or may have had, this number.
  [[nodiscard]] bool had_seq(const std::string& op_id, std::uint64_t seq) const;
  // The op ids of kills that resumes on their way lift, and by which.
  [[nodiscard]] std::map<std::string, std::string> being_lifted() const;
  // Lets the stream go before the snapshot before the newest one, when the newest one ends at or
  // before `all_applied`: what every joined bridge has applied.
  void purge_stream(std::uint64_t all_applied, Now now, Effects& out);
  void on_purged(const StreamPurged& purged, Effects& out);
  // Where who has read nothing may begin: as LeaseFrame::begins.
  [[nodiscard]] std::uint64_t begins() const { return snapshots_.begins(); }
  // Of a kill that the recorder kept and that is not applied yet, while blind; else empty.
  [[nodiscard]] schemas::Bytes stored_frame(const std::string& op_id) const;
  [[nodiscard]] const Latches& latches() const { return latches_; }
  [[nodiscard]] const JoinedBridges& joined() const { return joined_; }
  [[nodiscard]] const schemas::SigningKey& key() const { return key_; }

 private:
  std::optional<schemas::SignedRecord> sign(const schemas::Record& draft, Effects& out);
  std::optional<schemas::SignedRecord> sign_next(schemas::Record draft, Effects& out);
  LogEntry& push(LogEntry entry);
  void publish(LogEntry& entry, Effects& out);
  void publish_more(Effects& out);
  void commit_through(std::uint64_t seq, std::vector<LedgerNews>& news);
  void advance(std::vector<LedgerNews>& news);
  void apply(const schemas::SignedRecord& applied, std::uint64_t now_us);
  void remember_lifted(const schemas::Record& resume);  // of what holds
  void remember_lifted(const std::string& op_id, const schemas::Record& resume);
  void remember_lifted_before(const schemas::Record& resume);  // at start: of what stands in `log_`
  LogEntry* entry_at(std::uint64_t seq);
  void read_stream(Effects& out);
  // Reading the stream (ledger_stream.cc); false: stopped.
  void empty_stream(const StreamTail& tail, Effects& out);
  bool begin_with(const StreamTail& tail, Effects& out);
  bool adopt(const StreamTail& tail, Effects& out);
  bool confirm(const StreamTail& tail, std::vector<LedgerNews>& news, Effects& out);
  void open_log(std::uint64_t stream_last, Now now, Effects& out);
  void begin_behind(const schemas::LogState& state);  // at start: op ids
  void open_behind(const schemas::LogState& state, Now now);
  [[nodiscard]] std::uint64_t first_needed() const;  // of the stream's records
  void append_own(schemas::RecordBody body, std::string op_id, Now now, Effects& out);
  bool stop(std::string reason, Effects& out);

  schemas::SigningKey key_;
  bool blind_ = true;
  bool leading_ = false;
  bool reading_ = false;
  bool stream_ok_ = false;
  std::string stream_problem_;
  bool recorder_ok_ = true;
  std::string fresh_id_;
  std::uint64_t epoch_ = 1;
  std::uint64_t term_ = 1;
  std::uint64_t term_seq_ = 0;     // of this leader's term record
  std::uint64_t incarnation_ = 0;  // newest given away
  std::uint64_t committed_seq_ = 0;
  std::uint64_t first_in_stream_ = 1;  // what an empty stream takes
  std::uint64_t read_after_seq_ = 0;   // committed when the running look at the stream began
  std::uint64_t applied_seq_ = 0;
  std::uint64_t next_retry_us_ = 0;
  std::uint64_t next_probe_us_ = 0;
  std::uint64_t next_purge_us_ = 0;
  std::uint64_t purged_before_ = 1;  // by this leader
  std::size_t stored_count_ = 0;   // of `start_`, what came from the recorder, not from the stream
  std::uint64_t stored_last_ = 0;  // highest seq at the recorder, also behind a gap
  LogStart start_;                 // its records only until the log is open, as its state
  LogHashes hashes_;
  std::deque<LogEntry> pending_;     // seqs without gaps, the last one is the log's last
  std::deque<LogEntry> unnumbered_;  // kills of the blind phase
  Latches latches_;
  JoinedBridges joined_;
  OpMemory ops_;
  Snapshots snapshots_;
};

}  // namespace estop::control
