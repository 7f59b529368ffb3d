// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/run.h"

#include <exception>
#include <utility>

#include "tests/sim/faults.h"
#include "tests/sim/liveness.h"
#include "tests/sim/seeded_bug.h"

namespace estop {

Bug sown_bug = Bug::kNone;

}  // namespace estop

namespace estop::sim {

Outcome run(std::uint64_t seed, Mode mode, std::uint64_t steps, Trace trace) {
  Outcome outcome;
  World world(seed, std::move(trace));
  Faults faults(world);
  try {
    while (world.ground.timeline.steps() < steps) world.step();
    if (mode == Mode::kLiveness) prove_liveness(world, faults);
  } catch (const Violation& violation) {
    outcome.violation = violation;
  } catch (const std::exception& thrown) {  // cores throw nothing
    outcome.violation = Violation{"exception", thrown.what()};
  }
  outcome.hash = world.ground.trace.hash();
  outcome.steps = world.ground.timeline.steps();
  outcome.simulated = world.ground.timeline.now();
  outcome.counts = std::move(world.ground.counts);
  outcome.counts["intents forwarded"] += world.observer->forwards();
  for (const auto& agent : world.agents) outcome.counts["deliveries"] += agent->delivered();
  outcome.tail = world.ground.trace.tail();
  return outcome;
}

}  // namespace estop::sim
