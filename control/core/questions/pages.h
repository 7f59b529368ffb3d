// SPDX-License-Identifier: Apache-2.0

// The longer answers, page by page, from the state of the modules. They change nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control/core/agents/registry.h"
#include "control/core/bridges/roster.h"
#include "control/core/log/ledger.h"
#include "control/core/orders/orders.h"
#include "control/core/replies.h"

namespace estop::control {

struct StatusView {
  std::string version;
  const Ledger& ledger;
  const Roster& roster;
  const Registry& registry;
  const Proposals& proposals;
  Now now;
  std::uint64_t started_us = 0;
};

[[nodiscard]] StatusPage status_page(const StatusView& view, const PageRequest& request);
[[nodiscard]] AgentsPage agents_page(const StatusView& view, const PsCommand& ps);
[[nodiscard]] KillsPage kills_page(const StatusView& view, const schemas::Scope& scope,
                                   const PageRequest& request);
[[nodiscard]] AgentPage agent_page(
    const StatusView& view, const schemas::Address& address,
    const schemas::Result<std::vector<schemas::CheckpointInfo>>& checkpoints,
    const schemas::Result<std::vector<AmbiguousEffect>>& begun, const PageRequest& request);

}  // namespace estop::control
