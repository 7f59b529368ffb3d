// The recorder: the durability point of control. One SQLite file, one writer thread, group commit.
//
// Everything that must survive is written here: the control log, the audit chain, checkpoints, effects, the registry of
// agents. Calls enqueue and return at once; the answer comes on the recorder's own thread after the commit
// (`synchronous=FULL`): the caller hops to its loop. Kills (Urgency::kAlone) overtake what is queued and are committed in a
// transaction of their own.
//
// Errors: a full disk or a broken file gives kStoreUnavailable to each caller, `healthy()` turns false and every later write
// is tried again; nothing that was answered kOk is ever lost. Exceptions only from `open`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "schemas/messages.h"
#include "schemas/result.h"

namespace estop::control {

enum class Urgency : std::uint8_t {
  kGroup,  // shares a transaction with its neighbours
  kAlone,  // a kill: first in the queue, its own commit
};

// One line of the audit. The recorder adds the number, the previous hash and the hash.
struct AuditEntry {
  std::string kind;      // "kill", "resume", "fenced", "stopped", "refused", "bridge-joined", "effect-ambiguous", …
  std::string actor;     // operator, agent or part
  std::string subject;   // scope or address text; may be empty
  std::string op_id;     // may be empty
  std::string detail;    // JSON object text
  std::uint64_t at_ms = 0;
};

struct AuditRow {
  std::uint64_t number = 0;  // from 1, without gaps
  AuditEntry entry;
  schemas::Hash prev{};
  schemas::Hash hash{};      // SHA-256 over the canonical bytes of all other columns
};

struct AuditQuery {
  std::uint64_t after = 0;      // rows with a greater number
  std::uint32_t limit = 100;    // at most 10,000
  bool newest_first = false;
  std::string kind;             // empty: all
  std::string subject;          // exact scope or address; empty: all
};

struct AuditVerdict {
  bool ok = false;
  std::uint64_t rows = 0;
  std::uint64_t first_bad = 0;  // number of the first row that does not fit; 0 if none
  std::string problem;          // a sentence; empty if ok
};

struct StoredAgent {
  schemas::Address address;
  schemas::Instance instance;
  schemas::PublicKey key{};
  std::string host;
  std::uint64_t pid = 0;
  std::uint64_t first_seen_ms = 0;
  std::uint64_t last_seen_ms = 0;
  bool left = false;
};

struct AmbiguousEffect {
  schemas::Address address;
  std::string key;
  std::string instance;
  std::uint64_t begun_at_ms = 0;
};

struct RecorderOptions {
  std::string folder;              // holds estop.db and audit.anchor; made 0700 if missing
  std::uint32_t group_wait_us = 500;  // how long a group waits for more before it commits
  std::uint32_t group_max = 256;
  std::size_t queue_max = 65'536;  // beyond: kStoreUnavailable at once (kills excepted)
};

// Counters since open; read from any thread.
struct RecorderStats {
  std::uint64_t commits = 0;
  std::uint64_t rows = 0;
  std::uint64_t failures = 0;
  std::uint64_t queued = 0;
  std::uint64_t audit_head = 0;
  double commit_seconds_total = 0;
};

class Recorder {
 public:
  // Opens or creates; takes an exclusive lock on the folder; migrates; verifies the tail of both chains and the anchor.
  // kStoreUnavailable: locked by another control, newer schema, damaged, not writable: the detail says which and what to do.
  [[nodiscard]] static schemas::Result<std::unique_ptr<Recorder>> open(RecorderOptions options);
  virtual ~Recorder();  // commits what is queued, joins the thread

  using Done = std::function<void(schemas::Result<void>)>;  // on the recorder's thread; must not block

  // The control log. `frame` is the signed frame. A record that is there already with the same hash is kOk; with another
  // hash kChainBroken. `audit` goes into the same transaction.
  virtual void append_record(const schemas::SignedRecord& record, std::optional<AuditEntry> audit,
                             Urgency urgency, Done done) = 0;
  // At start-up, before the loop: every stored record in order.
  [[nodiscard]] virtual schemas::Result<std::vector<schemas::SignedRecord>> load_records() = 0;

  using AuditDone = std::function<void(schemas::Result<std::uint64_t> number)>;
  virtual void audit(AuditEntry entry, Urgency urgency, AuditDone done) = 0;
  using AuditRows = std::function<void(schemas::Result<std::vector<AuditRow>>)>;
  virtual void list_audit(AuditQuery query, AuditRows done) = 0;
  virtual void verify_audit(std::function<void(schemas::Result<AuditVerdict>)> done) = 0;

  // Checkpoints and effects of one address; `request.incarnation` is checked by the caller. Answered after the commit.
  using StoreDone = std::function<void(schemas::StoreReply)>;
  virtual void store(const schemas::Address& address, const schemas::Instance& instance,
                     const schemas::StoreRequest& request, StoreDone done) = 0;
  using Checkpoints = std::function<void(schemas::Result<std::vector<schemas::CheckpointInfo>>)>;
  virtual void list_checkpoints(const schemas::Address& address, Checkpoints done) = 0;
  using Effects = std::function<void(schemas::Result<std::vector<AmbiguousEffect>>)>;
  virtual void list_begun_effects(const schemas::Address& address, Effects done) = 0;  // empty address: all

  virtual void put_agent(const StoredAgent& agent) = 0;  // upsert, group commit, no answer
  [[nodiscard]] virtual schemas::Result<std::vector<StoredAgent>> load_agents() = 0;  // at start-up

  [[nodiscard]] virtual bool healthy() const = 0;  // the last write succeeded; from any thread
  [[nodiscard]] virtual RecorderStats stats() const = 0;
};

}  // namespace estop::control
