// SPDX-License-Identifier: Apache-2.0

// The recorder's data as plain values: audit lines, the registry of agents, unfinished effects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "schemas/address.h"
#include "schemas/messages.h"

namespace estop::control {

// One line of the audit. The recorder adds the number, the previous hash and the hash.
struct AuditEntry {
  std::string kind;     // "kill", "resume", "fenced", "stopped", "refused", "bridge-joined", …
  std::string actor;    // operator, agent or part
  std::string subject;  // scope or address text; may be empty
  std::string op_id;    // may be empty
  std::string detail;   // JSON object text
  std::uint64_t at_ms = 0;
  friend bool operator==(const AuditEntry&, const AuditEntry&) = default;
};

[[nodiscard]] inline std::size_t text_bytes(const AuditEntry& entry) noexcept {
  return entry.kind.size() + entry.actor.size() + entry.subject.size() + entry.op_id.size() +
         entry.detail.size();
}

struct AuditRow {
  std::uint64_t number = 0;  // from 1, without gaps
  AuditEntry entry;
  schemas::Hash prev{};  // zero for the first row
  schemas::Hash hash{};  // SHA-256 over the canonical bytes of all other columns (audit_hash.h)
  friend bool operator==(const AuditRow&, const AuditRow&) = default;
};

// Every member has a default, so that a query names only its own conditions: {.after = 7, .kind =
// "kill"}.
struct AuditQuery {
  std::uint64_t after = 0;    // rows with a greater number
  std::uint64_t before = 0;   // and a smaller one; 0: up to the newest
  std::uint32_t limit = 100;  // at most kAuditListMax
  // Of their texts: the list ends after the row that reaches it.
  std::size_t max_bytes = SIZE_MAX;
  bool newest_first = false;
  std::string kind{};     // empty: all
  std::string subject{};  // exact scope or address; empty: all
  std::string op_id{};    // of one order; empty: all
};

struct AuditExport {
  std::uint64_t through = 0;  // number of its last line
  std::string kept_at;
  friend bool operator==(const AuditExport&, const AuditExport&) = default;
};

// The beginning of the audit (audit_cut.h).
struct AuditCut {
  std::uint64_t through = 0;         // number of the newest line that is gone; 0: none is
  schemas::Hash hash{};              // of that line
  std::uint64_t lines = 0;           // that this cut took
  std::string kept_at;               // the place of their export, in its operator's words
  std::string reason;                // his, too
  std::vector<AuditExport> earlier;  // of the cuts before, the newest first
  std::uint64_t number = 0;          // of the line of this cut
  std::string actor;
  std::uint64_t at_ms = 0;
  friend bool operator==(const AuditCut&, const AuditCut&) = default;
};

struct CutRequest {
  std::uint64_t after = 0;    // the export begins behind this line
  std::uint64_t through = 0;  // and ends with this one
  schemas::Hash hash{};       // of its last line: proves that it is this audit's
  std::string kept_at;
  std::string reason;
  std::string actor;
  std::uint64_t at_ms = 0;
};

struct AuditVerdict {
  bool ok = false;
  std::uint64_t rows = 0;  // that were read and fit
  // Number of the first row that does not fit or is missing; 0 if none.
  std::uint64_t first_bad = 0;
  std::string problem;  // a sentence; empty if ok
  AuditCut beginning{};
};

struct StoredAgent {
  schemas::Address address;
  schemas::Instance instance;
  schemas::Process process;
  schemas::PublicKey key{};
  std::string host;
  std::uint64_t pid = 0;
  std::uint64_t first_seen_ms = 0;
  std::uint64_t last_seen_ms = 0;
  bool left = false;
  friend bool operator==(const StoredAgent&, const StoredAgent&) = default;
};

// The part of the log with which control begins.
struct StoredLog {
  // From part 0 of the newest snapshot that is there without a gap; all records, if there is none.
  std::vector<schemas::SignedRecord> records;
  std::vector<std::string> older_ops;  // op ids of the kills and resumes that stand before
};

// A kill or resume of the log, with its end.
struct FoundOrder {
  schemas::SignedRecord record;
  std::string lifted_by{};  // of a kill: the op id of the resume; empty: it holds
  std::uint64_t lifted_ms = 0;
  std::uint64_t audit_number = 0;  // of its first line; 0: that was cut away
};

// Begun and not finished: only a person can find out whether it was carried out (unless its process
// still lives).
struct AmbiguousEffect {
  schemas::Address address;
  std::string key;
  std::string instance;
  std::uint64_t begun_at_ms = 0;
  friend bool operator==(const AmbiguousEffect&, const AmbiguousEffect&) = default;
};

inline constexpr std::uint32_t kAuditListMax = 10'000;    // rows of one list_audit
inline constexpr std::uint32_t kEffectsListMax = 10'000;  // rows of one list_begun_effects
inline constexpr std::size_t kAuditLineMax_bytes = 1024 * 1024;
inline constexpr std::size_t kKeptAtMax_bytes = 512;
// A line names so many earlier cuts. The line of the oldest of these, which is in an export, names
// still older ones.
inline constexpr std::size_t kEarlierCutsMax = 64;
// Of an address, begun and finished. At the bound, the oldest that were finished so long ago make
// room; while there are none, no new effect may begin.
inline constexpr std::uint64_t kEffectKeysMax = 65'536;
inline constexpr std::uint64_t kEffectsKept_ms = 30ULL * 24 * 3'600 * 1'000;
// Past instances of an address (left or crashed): so many are kept, the newest, and so long, in
// memory and in the file. A credential can make thousands of lives in a minute.
inline constexpr std::size_t kPastInstancesMax = 64;
inline constexpr std::uint64_t kPastInstances_ms = 86'400'000;  // a day
inline constexpr std::size_t kOutcomeMax_bytes = 4 * 1024;      // of a finished effect

}  // namespace estop::control
