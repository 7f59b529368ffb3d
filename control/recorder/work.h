// SPDX-License-Identifier: Apache-2.0

// The requests of callers, as values in a queue. Each carries the function that takes its answer.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "control/recorder/record_table.h"
#include "control/recorder/recorder.h"

namespace estop::control {

class RecorderStore;

// The outcome is filled in within the transaction; the caller gets it only after the commit.
struct AddRecord {
  StoredRecord record;
  std::optional<AuditEntry> audit;
  Recorder::AuditDone done;
  schemas::Result<std::uint64_t> outcome;
};
struct AddAudit {
  AuditEntry entry;
  Recorder::AuditDone done;
  schemas::Result<std::uint64_t> outcome;
};
struct CutAudit {
  CutRequest request;
  Recorder::CutDone done;
  schemas::Result<AuditCut> outcome;
};
struct FollowAudit {  // among the writes, so that rows queued after it are delivered
  Recorder::AuditTail tail;
};
struct StoreRequestOf {
  std::string address;
  std::string instance;
  schemas::StoreRequest request;
  Recorder::StoreDone done;
  schemas::StoreReply outcome;
};
struct KeepAgent {
  StoredAgent agent;
};

// Reads of a bounded size. They run between transactions and see every write that was queued before
// them.
template <class T>
struct ReadStore {
  std::function<schemas::Result<T>(RecorderStore&)> read;
  std::function<void(schemas::Result<T>)> done;
  schemas::Result<T> outcome;
};
using ReadCheckpoints = ReadStore<std::vector<schemas::CheckpointInfo>>;
using ReadEffects = ReadStore<std::vector<AmbiguousEffect>>;
using ReadLog = ReadStore<StoredLog>;
using ReadAgents = ReadStore<std::vector<StoredAgent>>;
using ReadBeginning = ReadStore<AuditCut>;
using ReadOrder = ReadStore<std::optional<FoundOrder>>;

// Reads of any size: done in slices.
struct ListRows {
  AuditQuery query;
  Recorder::AuditRows done;
};
struct VerifyRows {
  std::function<void(schemas::Result<AuditVerdict>)> done;
};

using Work = std::variant<AddRecord, AddAudit, CutAudit, StoreRequestOf, KeepAgent, ReadCheckpoints,
                          ReadEffects, ReadLog, ReadAgents, ReadBeginning, ReadOrder, FollowAudit,
                          ListRows, VerifyRows>;

enum class WorkClass : std::uint8_t {
  kWrite,  // in a transaction
  kRead,   // between transactions
  kScan,   // in slices between transactions
};
[[nodiscard]] WorkClass class_of(const Work& work) noexcept;
// Its size in memory, roughly: counts against the bound of the queue.
[[nodiscard]] std::size_t size_bytes(const Work& work) noexcept;
// How many audit lines get lost if this work is not done.
[[nodiscard]] std::size_t audit_lines(const Work& work) noexcept;

// Does a write or a read and keeps the outcome. SQLite::Exception
void perform(RecorderStore& store, Work& work);
// Passes the outcome to its caller; at most once.
void answer(Work& work);
// Passes `error` instead.
void refuse(Work& work, const schemas::Error& error);

}  // namespace estop::control
