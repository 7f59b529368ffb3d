// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/agent_table.h"

#include "schemas/limits.h"

namespace estop::control {

namespace {

constexpr int kForgottenAtOnce = 1'024;  // a bounded time within one transaction
constexpr std::uint64_t kSweepEvery_ms = 3'600ULL * 1'000;

}  // namespace

AgentTable::AgentTable(SQLite::Database& connection)
    : put_(connection,
           "INSERT INTO agents"
           " (address, instance, key, host, pid, first_seen_ms, last_seen_ms, has_left, process)"
           " VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (address, instance, process) DO UPDATE SET"
           " key = excluded.key, host = excluded.host, pid = excluded.pid,"
           " last_seen_ms = excluded.last_seen_ms, has_left = excluded.has_left"),
      all_(connection,
           "SELECT address, instance, key, host, pid, first_seen_ms, last_seen_ms, has_left,"
           " process"
           " FROM (SELECT *, row_number() OVER"
           "   (PARTITION BY address, has_left ORDER BY last_seen_ms DESC) AS place FROM agents)"
           " WHERE place <= CASE has_left WHEN 1 THEN ?1 ELSE ?2 END ORDER BY address, instance,"
           " process"),
      forget_(connection,
              "DELETE FROM agents WHERE address = ?1 AND has_left = 1 AND last_seen_ms <"
              " (SELECT last_seen_ms FROM agents WHERE address = ?1 AND has_left = 1"
              "  ORDER BY last_seen_ms DESC LIMIT 1 OFFSET ?2)"),
      forget_old_(connection,
                  "DELETE FROM agents WHERE (address, instance, process) IN"
                  " (SELECT address, instance, process FROM agents WHERE has_left = 1"
                  "  AND last_seen_ms < ?1 ORDER BY last_seen_ms LIMIT ?2)") {}

void AgentTable::put(const StoredAgent& agent) {
  const std::string address = agent.address.text();
  StatementUse(put_)
      .bind_text(address)
      .bind_text(agent.instance.text())
      .bind_blob(agent.key)
      .bind_text(agent.host)
      .bind(agent.pid)
      .bind(agent.first_seen_ms)
      .bind(agent.last_seen_ms)
      .bind(agent.left ? 1 : 0)
      .bind_text(agent.process)
      .run();
  if (agent.left) StatementUse(forget_).bind_text(address).bind(kPastInstancesMax - 1).run();
  forget_old(agent.last_seen_ms);
}

// A part at a time: while there is more, at the next one already.
void AgentTable::forget_old(std::uint64_t now_ms) {
  if (now_ms < next_sweep_ms_ || now_ms < kPastInstances_ms) return;
  const int gone =
      StatementUse(forget_old_).bind(now_ms - kPastInstances_ms).bind(kForgottenAtOnce).run();
  if (gone < kForgottenAtOnce) next_sweep_ms_ = now_ms + kSweepEvery_ms;
}

std::vector<StoredAgent> AgentTable::load() {
  StatementUse use(all_);
  use.bind(kPastInstancesMax).bind(schemas::kInstancesMax);
  std::vector<StoredAgent> agents;
  while (use.step()) {
    const auto address = schemas::Address::parse(use.bytes(0));
    const auto instance = schemas::Instance::parse(use.bytes(1));
    if (!address || !instance) continue;  // not a name that could ever be spoken to
    StoredAgent agent;
    agent.address = *address;
    agent.instance = *instance;
    agent.key = use.array<32>(2);
    agent.host = use.bytes(3);
    agent.pid = use.number(4);
    agent.first_seen_ms = use.number(5);
    agent.last_seen_ms = use.number(6);
    agent.left = use.number(7) != 0;
    agent.process = use.bytes(8);
    agents.push_back(std::move(agent));
  }
  return agents;
}

}  // namespace estop::control
