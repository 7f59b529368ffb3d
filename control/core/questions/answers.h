// SPDX-License-Identifier: Apache-2.0

// What operators are told, as JSON objects. Field names are part of the protocol (PROTOCOL.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control/core/agents/registry.h"
#include "control/core/bridges/roster.h"
#include "control/core/log/ledger.h"
#include "control/core/orders/command.h"
#include "control/core/orders/orders.h"

namespace estop::control {

// {"error":{…},"done":true}
[[nodiscard]] std::string error_json(const schemas::Error& error);
[[nodiscard]] std::string accepted_json(const std::string& op_id, std::uint64_t seq,
                                        const std::vector<std::string>& warnings);
[[nodiscard]] std::string committed_json(std::uint64_t seq);
// With the place of the export if its audit line was cut away since.
[[nodiscard]] std::string durable_json(const OpState& op, const AuditCut& begins);
// Stage "fenced" of a kill, "opened" of a resume.
[[nodiscard]] std::string gathering_json(const Gathering& gathering);
// Stage "stopped": counts, and at most kMissingShown names of who is missing.
[[nodiscard]] std::string stopped_json(const StopCount& count);
// Stage "revoked": how many credentials the broker refuses now, or why it does not yet.
[[nodiscard]] std::string revoked_json(const schemas::Result<std::size_t>& credentials);
[[nodiscard]] std::string revoked_done_json(std::size_t credentials);  // answers `revoke`
[[nodiscard]] std::string revoked_detail(std::size_t credentials, const std::string& reason);
// Stage "approved" of an order that needs a second operator; `by` is empty while it waits for him.
[[nodiscard]] std::string approved_json(const std::string& by);
// The last answer: ok if everything in `wait` is reached.
[[nodiscard]] std::string done_json(const std::string& op_id, StageSet reached, StageSet wait);
inline constexpr std::size_t kMissingShown = 100;
inline constexpr std::size_t kWarningsShown = 8;  // of an order; the rest is counted
inline constexpr std::size_t kKillsNamed = 3;     // of many in one warning

// `begins` is told if the question goes back to what was cut away.
[[nodiscard]] std::string audit_json(const std::vector<AuditRow>& rows, const AuditQuery& asked,
                                     const AuditCut& begins = {});
[[nodiscard]] std::string cut_json(const AuditCut& cut);
[[nodiscard]] std::string verdict_json(const AuditVerdict& verdict);
[[nodiscard]] std::string event_json(const PublishEvent& published);

// Details of audit lines.
[[nodiscard]] std::string order_detail(const schemas::Record& record);
[[nodiscard]] std::string text_detail(const char* key, const std::string& text);
[[nodiscard]] std::string adopted_detail(const std::string& from, const schemas::Record& kill);

struct StatusView {
  std::string version;
  const Ledger& ledger;
  const Roster& roster;
  const Registry& registry;
  const Proposals& proposals;
  Now now;
  std::uint64_t started_us = 0;
};
// Pages: `next` stands in all but the last.
[[nodiscard]] std::string status_json(const StatusView& view, const PageRequest& request);
[[nodiscard]] std::string ps_json(const StatusView& view, const PsCommand& ps);
// What a resume of `scope` is about: the kills of it and of wider scopes, and how many living
// instances they hold. Its length does not depend on how many there are.
[[nodiscard]] std::string kills_json(const StatusView& view, const schemas::Scope& scope,
                                     const PageRequest& request);
[[nodiscard]] std::string get_json(
    const StatusView& view, const schemas::Address& address,
    const schemas::Result<std::vector<schemas::CheckpointInfo>>& checkpoints,
    const schemas::Result<std::vector<AmbiguousEffect>>& begun, const PageRequest& request);

// "acme/prod/x killed by alice since 2025-11-22T00:15:00Z (op …): broken link"
[[nodiscard]] std::string kill_sentence(const schemas::Latch& latch);
// That the stream takes no records, why (in the broker's words, if it said any), and what to do.
[[nodiscard]] std::string stream_sentence(const std::string& problem);

}  // namespace estop::control
