// SPDX-License-Identifier: Apache-2.0

// The recorder: the durability point of control. One SQLite file, one writer thread, group commit.
//
// The recorder writes everything that must survive: the control log, the audit chain, checkpoints,
// effects, the registry of agents. Calls enqueue and return at once, from any thread. The answer
// comes once, on the recorder's own thread, after the commit (`synchronous=FULL`): the caller hops
// to its loop. Only a request that is not even queued (queue full, argument out of range) is
// answered on the caller's thread, before the call returns. Answers must not block, throw or
// destroy the recorder. Kills (Urgency::kFirst) overtake the queue; those that come during a commit
// share the next transaction, so that many at once cost little.
//
// A full disk or a broken file: each caller gets kStoreUnavailable and `healthy()` is false until a
// write succeeds again; the recorder tries by itself. A write that was answered kOk is never lost.
// A failed write of kFirst is kept and tried again in the background (its Done is not called a
// second time). Other audit lines that failed are counted; after the outage one line of kind "gap"
// gives their number and the start of the outage. Reads still work. No exceptions leave this
// library.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/recorder/rows.h"
#include "schemas/messages.h"
#include "schemas/result.h"

namespace estop::control {

enum class Urgency : std::uint8_t {
  kGroup,  // shares a transaction with its neighbours
  kFirst,  // a kill: before all kGroup, never given up
};

struct RecorderOptions {
  std::string folder;                 // holds estop.db, audit.anchor, lock; made 0700 if missing
  std::uint32_t group_wait_us = 500;  // how long a group waits for more before it commits
  std::uint32_t group_max = 256;      // works in one transaction, of either urgency
  std::size_t group_max_bytes = 4 * 1024 * 1024;
  std::size_t queue_max = 65'536;  // works; beyond: kStoreUnavailable at once (kills excepted)
  std::size_t queue_max_bytes = 256 * 1024 * 1024;
  std::uint32_t retry_ms = 200;  // between attempts to write kills that failed
};

// Counters since open; read from any thread.
struct RecorderStats {
  std::uint64_t commits = 0;   // transactions
  std::uint64_t rows = 0;      // works committed in them
  std::uint64_t failures = 0;  // transactions that failed, and works refused by a full queue
  std::uint64_t queued = 0;    // now
  std::uint64_t owed = 0;      // now: kills that failed and are tried again
  std::uint64_t audit_head = 0;
  double commit_seconds_total = 0;
};

class Recorder {
 public:
  // Opens or creates; takes an exclusive lock on the folder; migrates; verifies the newest rows of
  // both chains and the anchor. kStoreUnavailable: locked by another control, newer schema,
  // damaged, restored from an older copy, not writable: the detail says which and what to do.
  // kBadArgument: options out of range.
  [[nodiscard]] static schemas::Result<std::unique_ptr<Recorder>> open(RecorderOptions options);
  ~Recorder();  // commits the queue, answers every caller, joins the thread
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // The control log. Stores `record.frame` as it is. A record that is there already with the same
  // hash is kOk, and its `audit` is not written again; with another hash it is kChainBroken.
  // `audit` goes into the same transaction, and `done` gets the number of its row: 0 if none was
  // written. The caller keeps the order and fills gaps: after a restart it appends the missing
  // records from the stream.
  using AuditDone = std::function<void(schemas::Result<std::uint64_t> number)>;
  void append_record(const schemas::SignedRecord& record, std::optional<AuditEntry> audit,
                     Urgency urgency, AuditDone done);
  // At start-up (it blocks until the queue is through): the stored records that control begins
  // with, by (epoch, seq). kMalformed, kChainBroken: a stored frame was changed, or does not follow
  // its predecessor.
  [[nodiscard]] schemas::Result<StoredLog> load_log();

  // The kill or resume of this op id, however old it is; nothing: there is none. Uses an index.
  using OrderDone = std::function<void(schemas::Result<std::optional<FoundOrder>>)>;
  void find_order(const std::string& op_id, OrderDone done);

  // kTooLarge; kBadArgument: only `cut_audit` writes that kind.
  void audit(AuditEntry entry, Urgency urgency, AuditDone done);
  using AuditRows = std::function<void(schemas::Result<std::vector<AuditRow>>)>;
  void list_audit(AuditQuery query, AuditRows done);
  // From now on `tail` gets every row once it is on the disk, in order and without a gap, on the
  // recorder's thread, after the answers for the same commit. One at a time; it must not block or
  // throw. Rows that remain at the end of the recorder are not delivered.
  using AuditTail = std::function<void(std::vector<AuditRow>)>;
  void follow_audit(AuditTail tail);
  // Cuts exported lines away, up to `request.through` (audit_cut.h). The answer comes when the line
  // about the cut is on the disk, with its number. The rows are deleted later, in parts, also after
  // a restart. Errors of decide_cut.
  using CutDone = std::function<void(schemas::Result<AuditCut>)>;
  void cut_audit(CutRequest request, CutDone done);
  void read_beginning(CutDone done);  // `through` 0: nothing was cut away
  // Reads the whole chain up to the present head, in slices; writes continue between them.
  void verify_audit(std::function<void(schemas::Result<AuditVerdict>)> done);

  // Checkpoints and effects of one address. The caller has checked `request.incarnation`; the
  // answer comes after the commit.
  // - put: kVersionConflict (`version` says what is there), kOverLimit (too many keys), kTooLarge.
  // - get: kNotFound.
  // - begin: kOk with effect kNone says that it is yours, also if this instance began it in this
  //   incarnation (a repeated request; so a process must not begin one key twice at a time). kOk
  //   with kFinished: `bytes` is the outcome. kEffectAmbiguous with kBegun: another life began it.
  // - finish: kNotFound if it was never begun. Any life of the address may finish; a second finish
  //   keeps the first outcome.
  // - abandon: only the instance that began it, in the same or a later incarnation; others get
  //   kEffectAmbiguous. kNotFound with kFinished says that it is too late. Not begun: kOk.
  using StoreDone = std::function<void(schemas::StoreReply)>;
  void store(const schemas::Address& address, const schemas::Instance& instance,
             const schemas::StoreRequest& request, StoreDone done);
  using Checkpoints = std::function<void(schemas::Result<std::vector<schemas::CheckpointInfo>>)>;
  void list_checkpoints(const schemas::Address& address, Checkpoints done);
  using Effects = std::function<void(schemas::Result<std::vector<AmbiguousEffect>>)>;
  // Oldest first, at most kEffectsListMax; an empty address: those of all agents.
  void list_begun_effects(const schemas::Address& address, Effects done);

  // Upsert in a group, no answer. `first_seen_ms` of a known instance is kept.
  void put_agent(const StoredAgent& agent);
  [[nodiscard]] schemas::Result<std::vector<StoredAgent>> load_agents();  // as load_log

  [[nodiscard]] bool healthy() const;  // the last write succeeded; from any thread
  [[nodiscard]] RecorderStats stats() const;

 private:
  struct Parts;
  explicit Recorder(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace estop::control
