// SPDX-License-Identifier: Apache-2.0
#include "schemas/messages.h"

#include <fmt/format.h>

#include <ostream>

namespace estop::schemas {

Process process_from(std::uint64_t random) {
  return fmt::format("{:016x}", random);
}

RecordKind Record::kind() const noexcept {
  struct Of {
    RecordKind operator()(const Kill&) const noexcept { return RecordKind::kKill; }
    RecordKind operator()(const Resume&) const noexcept { return RecordKind::kResume; }
    RecordKind operator()(const BridgeJoined&) const noexcept { return RecordKind::kBridgeJoined; }
    RecordKind operator()(const BridgeLeft&) const noexcept { return RecordKind::kBridgeLeft; }
    RecordKind operator()(const EpochOpened&) const noexcept { return RecordKind::kEpochOpened; }
    RecordKind operator()(const TermOpened&) const noexcept { return RecordKind::kTermOpened; }
    RecordKind operator()(const SnapshotPart&) const noexcept { return RecordKind::kSnapshotPart; }
    RecordKind operator()(const Snapshot&) const noexcept { return RecordKind::kSnapshot; }
    RecordKind operator()(const Skipped& skipped) const noexcept { return skipped.kind; }
  };
  return std::visit(Of{}, body);
}

const Scope& Record::scope() const {
  const auto* lifted = std::get_if<Resume>(&body);
  return lifted != nullptr ? lifted->scope : kill().scope;
}

Latch latch_of(const Record& kill) {
  return {.op_id = kill.op_id,
          .seq = kill.seq,
          .scope = kill.kill().scope,
          .mode = kill.kill().mode,
          .actor = kill.actor.name,
          .reason = kill.reason,
          .since_ms = kill.issued_at_ms};
}

std::string_view name(RecordKind kind) noexcept {
  switch (kind) {
    case RecordKind::kEpochOpened:
      return "epoch-opened";
    case RecordKind::kKill:
      return "kill";
    case RecordKind::kResume:
      return "resume";
    case RecordKind::kBridgeJoined:
      return "bridge-joined";
    case RecordKind::kBridgeLeft:
      return "bridge-left";
    case RecordKind::kTermOpened:
      return "term-opened";
    case RecordKind::kSnapshotPart:
      return "snapshot-part";
    case RecordKind::kSnapshot:
      return "snapshot";
    case RecordKind::kFirstSkippable:
      break;
  }
  return is_skippable(kind) ? "note" : "?";
}

std::string_view name(ActorKind kind) noexcept {
  switch (kind) {
    case ActorKind::kOperator:
      return "operator";
    case ActorKind::kPolicy:
      return "policy";
    case ActorKind::kHook:
      return "hook";
    case ActorKind::kApi:
      return "api";
    case ActorKind::kCanary:
      return "canary";
    case ActorKind::kControl:
      return "control";
  }
  return "?";
}

std::string_view name(HoldKind kind) noexcept {
  return kind == HoldKind::kKill ? "kill" : "?";
}

std::string_view name(StopStage stage) noexcept {
  return stage == StopStage::kStopped ? "stopped" : "?";
}

Reads own_reads() {
  Reads reads;
  for (std::uint8_t kind = 1; kind < static_cast<std::uint8_t>(RecordKind::kFirstSkippable);
       ++kind) {
    if (name(static_cast<RecordKind>(kind)) != "?") reads.kinds.push_back(kind);
  }
  return reads;
}

std::string_view name(KillMode mode) noexcept {
  switch (mode) {
    case KillMode::kNow:
      return "now";
    case KillMode::kGrace:
      return "grace";
  }
  return "?";
}

std::string_view name(PendingWork pending) noexcept {
  switch (pending) {
    case PendingWork::kRedeliver:
      return "redeliver";
    case PendingWork::kHold:
      return "hold";
    case PendingWork::kDiscard:
      return "discard";
    case PendingWork::kDeadLetter:
      return "dead-letter";
  }
  return "?";
}

std::string_view name(BridgeState state) noexcept {
  switch (state) {
    case BridgeState::kReplaying:
      return "replaying";
    case BridgeState::kJoining:
      return "joining";
    case BridgeState::kOpen:
      return "open";
    case BridgeState::kLeaving:
      return "leaving";
  }
  return "?";
}

std::string_view name(AgentState state) noexcept {
  switch (state) {
    case AgentState::kUnknown:
      return "unknown";
    case AgentState::kHealthy:
      return "healthy";
    case AgentState::kStale:
      return "stale";
    case AgentState::kCrashed:
      return "crashed";
    case AgentState::kLeft:
      return "left";
    case AgentState::kKilled:
      return "killed";
  }
  return "?";
}

std::string_view name(StoreOp op) noexcept {
  switch (op) {
    case StoreOp::kPut:
      return "put";
    case StoreOp::kGet:
      return "get";
    case StoreOp::kEffectBegin:
      return "effect-begin";
    case StoreOp::kEffectFinish:
      return "effect-finish";
    case StoreOp::kEffectAbandon:
      return "effect-abandon";
  }
  return "?";
}

std::string_view name(EffectState state) noexcept {
  switch (state) {
    case EffectState::kNone:
      return "none";
    case EffectState::kBegun:
      return "begun";
    case EffectState::kFinished:
      return "finished";
  }
  return "?";
}

std::ostream& operator<<(std::ostream& out, RecordKind kind) {
  return out << name(kind);
}
std::ostream& operator<<(std::ostream& out, ActorKind kind) {
  return out << name(kind);
}
std::ostream& operator<<(std::ostream& out, KillMode mode) {
  return out << name(mode);
}
std::ostream& operator<<(std::ostream& out, PendingWork pending) {
  return out << name(pending);
}
std::ostream& operator<<(std::ostream& out, BridgeState state) {
  return out << name(state);
}
std::ostream& operator<<(std::ostream& out, AgentState state) {
  return out << name(state);
}
std::ostream& operator<<(std::ostream& out, StoreOp op) {
  return out << name(op);
}
std::ostream& operator<<(std::ostream& out, EffectState state) {
  return out << name(state);
}

}  // namespace estop::schemas
