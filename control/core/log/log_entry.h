// SPDX-License-Identifier: Apache-2.0

// One record of the control log on its way, and what the ledger tells about it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "control/core/audit_line.h"
#include "control/core/bridges/bridge_name.h"
#include "control/core/events.h"

namespace estop::control {

inline constexpr std::uint64_t kRetry_us = 500'000;    // failed appends, stores and announcements
inline constexpr std::uint64_t kProbe_us = 2'000'000;  // between looks at the stream
inline constexpr std::uint64_t kPurgeAgain_us = 60'000'000;
inline constexpr std::size_t kAppendWindow = 256;      // appends in flight, kills excepted
inline constexpr std::size_t kUncommittedMax = 1'024;  // beyond: only kills
inline constexpr std::size_t kLeaseKillsMax_bytes =
    256 * 1024;  // of uncommitted kills in one lease

// A record that is not yet both applied and durable.
struct LogEntry {
  schemas::SignedRecord record;
  std::optional<AuditLine> audit{};
  bool in_flight = false;  // published, the stream has not answered yet
  bool committed = false;
  bool storing = false;       // handed to the recorder, no answer yet
  bool store_failed = false;  // tried again with the next retry
  bool durable = false;

  [[nodiscard]] bool is_kill() const { return record.record.is<schemas::Kill>(); }
  // What may open something also has to survive the loss of the stream.
  [[nodiscard]] bool may_apply() const;
};

struct LedgerNews {
  enum class What : std::uint8_t {
    kCommitted,
    kDurable,
    kApplied,
  };
  What what = What::kCommitted;
  schemas::SignedRecord record;
  std::uint64_t audit_number = 0;  // kDurable
};

inline constexpr std::string_view kControl = "control";  // no operator's name

// A record before Ledger::append numbers, dates and signs it.
inline schemas::Record draft_of(schemas::RecordBody body, std::string op_id, std::string actor) {
  schemas::Record draft;
  draft.op_id = std::move(op_id);
  draft.actor.name = std::move(actor);
  if (draft.actor.name == kControl) draft.actor.kind = schemas::ActorKind::kControl;
  draft.body = std::move(body);
  return draft;
}

// The key that a joined bridge signs its receipts with.
inline schemas::PublicKey key_of(const schemas::BridgeJoined& joined) {
  schemas::PublicKey key{};
  std::copy_n(joined.key.begin(), std::min(joined.key.size(), key.size()), key.begin());
  return key;
}

// Bridges that joined and did not leave, with their keys.
using JoinedBridges = std::map<BridgeName, schemas::PublicKey>;
inline void enter_bridge(const schemas::Record& record, JoinedBridges& bridges) {
  if (const auto* joined = std::get_if<schemas::BridgeJoined>(&record.body)) {
    bridges[{joined->bridge, joined->process}] = key_of(*joined);
  } else if (const auto* left = std::get_if<schemas::BridgeLeft>(&record.body)) {
    bridges.erase({left->bridge, left->process});
  }
}

// Whom a record is about: nobody, for those that are no orders.
inline schemas::Scope scope_of(const schemas::Record& record) {
  const bool is_order = record.is<schemas::Kill>() || record.is<schemas::Resume>();
  return is_order ? record.scope() : schemas::Scope{};
}

inline bool is_of_snapshot(const schemas::Record& record) {
  return record.is<schemas::SnapshotPart>() || record.is<schemas::Snapshot>();
}

// How far the record of an op id has come.
struct OpState {
  std::uint64_t seq = 0;  // 0: not numbered yet
  schemas::RecordKind kind = schemas::RecordKind::kKill;
  schemas::Scope scope{};
  bool committed = false;
  bool durable = false;
  bool applied = false;
  bool has_one_seq = false;  // it was published with this number only
  std::uint64_t audit_number = 0;
  bool is_line_gone = false;  // cut away before this control started: its number is not known
  std::string lifted_by{};    // of a kill: the op id of the resume
  std::uint64_t lifted_ms = 0;
  std::shared_ptr<const schemas::Through> through{};  // of a resume by place
};

inline std::shared_ptr<const schemas::Through> through_of(const schemas::Record& record) {
  const auto* resume = std::get_if<schemas::Resume>(&record.body);
  if (resume == nullptr || resume->through.place.seq == 0) return nullptr;
  return std::make_shared<const schemas::Through>(resume->through);
}

}  // namespace estop::control
