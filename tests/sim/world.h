// SPDX-License-Identifier: Apache-2.0

// One simulation: control, bridges, agents, a rogue and an operator around a broker and a disk, all
// made from one seed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/agent.h"
#include "tests/sim/bridge.h"
#include "tests/sim/control.h"
#include "tests/sim/observer.h"
#include "tests/sim/operator.h"
#include "tests/sim/rogue.h"

namespace estop::sim {

class World {
 public:
  World(std::uint64_t seed, Trace trace);

  // The next event, with all that it causes. Throws Violation.
  void step();

  Ground ground;
  Disk disk;
  std::array<std::uint8_t, 32> log_seed{};
  schemas::PublicKey control_key{};
  std::optional<Observer> observer;
  std::optional<Broker> broker;
  std::unique_ptr<ControlProcess> control;
  std::vector<std::unique_ptr<BridgeProcess>> bridges;
  std::vector<std::unique_ptr<AgentProcess>> agents;
  std::unique_ptr<RogueProcess> rogue;
  std::unique_ptr<OperatorProcess> boss;
  Nanos bridge_beat = 0;
  Nanos bridge_lease = 0;
  Nanos agent_beat = 0;
  Nanos agent_lease = 0;

 private:
  [[nodiscard]] bridge::BridgeConfig bridge_config() const;
  void choose();
  void make_broker();
  void make_control();
  void make_bridges();
  void make_agents();
  void make_operator(bool is_careless);
};

}  // namespace estop::sim
