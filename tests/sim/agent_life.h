// SPDX-License-Identifier: Apache-2.0

// What a kill -9 takes away from an agent.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>

#include "tests/sim/agent.h"

namespace estop::sim {

struct AgentProcess::Life {
  SimLoop loop;
  nats::Connection connection;
  agent::Obedience obedience;
  agent::PeerKills peers;
  std::deque<agent::Event> events;
  bool happening = false;
  std::optional<schemas::SignedRecord> seen;  // the frame of the order being looked at
  Nanos wake_at = INT64_MAX;

  // How it stands.
  bool stop = true;
  std::uint64_t work_life = 0;
  std::uint64_t incarnation = 0;
  Nanos lease_until = 0;

  // Its work.
  std::optional<nats::Connection::SubscriptionId> deliveries;
  std::uint64_t handlers = 0;       // that ever ran
  std::set<std::uint64_t> running;  // now
  std::uint64_t drain = 0;
  std::set<std::uint64_t> draining;  // of `running`, those that the drain waits for
  std::uint64_t sent = 0;
  std::uint64_t checkpoint = 0;  // newest version of its own key

  Life(AgentProcess& process, nats::ConnectionEvents told);
};

}  // namespace estop::sim
