// SPDX-License-Identifier: Apache-2.0

// Replies to askers, as values. The adapter that made the asker writes them as text (control/json
// for commands).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "control/core/orders/command.h"
#include "control/core/questions/shown.h"
#include "control/recorder/rows.h"
#include "schemas/messages.h"
#include "schemas/result.h"

namespace estop::control {

// The end of a question or order that control refuses.
struct Refused {
  schemas::Error error;
};

// --- How far an order has come ---

struct Accepted {
  std::string op_id;
  std::uint64_t seq = 0;
  std::vector<std::string> warnings;  // and notes, a sentence each
};
// Stage "approved" of an order that needs a second operator.
struct Approved {
  std::string by;  // empty: it still waits
};
// Stage "committed".
struct CommittedAt {
  std::uint64_t seq = 0;
};
// Stage "durable".
struct DurableAt {
  std::uint64_t audit_number = 0;  // 0: not known
  std::string kept_at;             // the export of its line, if that was cut away
};
// Stage "fenced" of a kill, "opened" of a resume. One entry for each process of a bridge: two of
// one id are two bridges.
struct Gathered {
  bool is_kill = true;
  std::size_t confirmed = 0;  // or outlived
  std::size_t of = 0;
  std::optional<std::uint64_t> took_us{};  // if all have
  std::vector<std::string> missing{};
  std::vector<std::string> outlived{};
  std::uint64_t forwarded_before = 0;
};
// Stage "stopped".
struct StoppedSoFar {
  std::size_t confirmed = 0;
  std::size_t of = 0;
  std::vector<std::string> missing{};  // instances, at most kMissingShown
};
// Stage "revoked": how many credentials the broker refuses now, or the reason why it does not yet.
struct RevokedSoFar {
  schemas::Result<std::size_t> credentials;
};
// The last answer: ok if every awaited stage is reached.
struct Ended {
  std::string op_id;
  StageSet reached = 0;
  StageSet unreached = 0;
};
inline constexpr std::size_t kMissingShown = 100;

// --- Answers to questions ---

struct RevokedByName {
  std::size_t credentials = 0;
};
struct AuditPage {
  std::vector<AuditRow> rows;
  AuditQuery asked;
  AuditCut begins;  // where the audit begins
};
struct CutDone {
  AuditCut cut;
};
struct Verified {
  AuditVerdict verdict;
};
// Pages: all but the last have `next`.
struct StatusPage {
  std::string version;
  std::uint64_t term = 0;
  bool is_leading = false;
  std::uint64_t up_ms = 0;
  schemas::Head head{};
  std::size_t uncommitted = 0;
  bool stream_ok = false;
  bool recorder_ok = false;
  std::vector<ShownBridge> bridges{};
  std::size_t bridges_may_be_open = 0;
  std::size_t agents = 0;
  std::vector<ShownKill> kills{};
  std::vector<ShownProposal> proposals{};
  std::string next{};
};
struct AgentsPage {
  std::vector<ShownInstance> agents{};
  std::vector<ShownKill> kills{};
  std::string next{};
};
// The kills that a resume of one scope is about: those of the scope and of wider scopes, and how
// many living instances they hold. Its length does not depend on how many there are.
struct KillsPage {
  std::vector<ShownKill> kills{};
  schemas::Head head{};
  std::size_t instances = 0;
  std::string next{};
};
struct AgentPage {
  schemas::Address address;
  std::uint64_t incarnation = 0;
  std::vector<ShownKill> kills{};
  std::vector<ShownInstance> instances{};
  std::optional<std::vector<schemas::CheckpointInfo>> checkpoints{};  // nullopt: cannot be read now
  std::optional<std::vector<AmbiguousEffect>> begun{};
  std::string next{};
};

using Reply = std::variant<Refused, Accepted, Approved, CommittedAt, DurableAt, Gathered,
                           StoppedSoFar, RevokedSoFar, Ended, RevokedByName, AuditPage, CutDone,
                           Verified, StatusPage, AgentsPage, KillsPage, AgentPage>;

}  // namespace estop::control
