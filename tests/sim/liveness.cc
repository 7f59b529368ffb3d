// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/liveness.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

namespace estop::sim {
namespace {

constexpr std::uint64_t kOneIn = 4;  // runs: what takes long is proved

template <class Condition>
void await(World& world, Nanos within, const std::string& what, Condition condition) {
  const Nanos until = world.ground.timeline.now() + within;
  while (!condition()) {
    if (world.ground.timeline.now() >= until) throw Violation{"I9", what};
    world.step();
  }
}

void pass(World& world, Nanos time) {
  const Nanos until = world.ground.timeline.now() + time;
  while (world.ground.timeline.now() < until) world.step();
}

std::string who_is_missing(const World& world) {
  std::string missing = "not open again:";
  if (!world.control->is_leading()) missing += " control";
  const std::size_t waited_for = world.control->waits_for_bridges();
  if (waited_for != world.bridges.size()) missing += fmt::format(" {} bridges", waited_for);
  if (world.boss->waits()) missing += " an answer to the operator";
  for (const auto& bridge : world.bridges) {
    if (!bridge->is_open()) missing += " " + bridge->id();
  }
  for (const auto& agent : world.agents) {
    if (!agent->is_working()) missing += " " + agent->name();
  }
  for (const std::string& scope : world.observer->scopes_killed()) missing += " kill of " + scope;
  return missing;
}

// A process of a bridge that died counts until its lease is over.
bool is_well(const World& world) {
  return world.control->is_leading() && !world.boss->waits() &&
         world.control->waits_for_bridges() == world.bridges.size() &&
         world.observer->scopes_killed().empty() &&
         std::all_of(world.bridges.begin(), world.bridges.end(),
                     [](const auto& one) { return one->is_open(); }) &&
         std::all_of(world.agents.begin(), world.agents.end(),
                     [](const auto& one) { return one->is_working(); });
}

// An agent that obeys a kill which all others have lost: nobody can name what to lift. The operator
// sees that it stands still, and kills and resumes it.
void kill_the_forgotten(World& world) {
  std::set<std::string> scopes;
  for (const auto& agent : world.agents) {
    const bool stands = agent->is_alive() && !agent->is_working();
    if (stands && !world.observer->forgotten(agent->instance()).empty()) {
      scopes.insert(agent->address().text());
    }
  }
  for (const std::string& scope : scopes) {
    world.ground.count("kill that only its victim remembers");
    world.boss->kill(scope);
  }
}

// A stop and an alarm (rule 9): somebody looks into it and starts the bridge anew.
void restart_the_named(World& world) {
  for (const auto& bridge : world.bridges) {
    if (bridge->is_open() || !world.observer->is_named(bridge->id())) continue;
    world.ground.count("bridge of another log started anew");
    bridge->die(kSecond);
  }
}

// The operator lifts whatever still holds, and asks again where it was refused.
void recover(World& world) {
  const Nanos until = world.ground.timeline.now() + kOpenWithin;
  while (!is_well(world)) {
    if (world.ground.timeline.now() >= until) throw Violation{"I9", who_is_missing(world)};
    const auto killed = world.observer->scopes_killed();
    for (const std::string& scope : killed) world.boss->resume(scope);
    if (killed.empty() && world.control->is_leading()) kill_the_forgotten(world);
    restart_the_named(world);
    pass(world, 2 * kSecond);
  }
}

// A bridge that has lost its link to AGENTS alone beats, but cannot confirm: it holds up a fence
// for as long as its last lease, not longer.
void prove_fence_without_link(World& world) {
  const BridgeProcess& bridge = *world.ground.random.pick(world.bridges);
  const auto& links = world.broker->links();
  const auto link = std::find_if(links.begin(), links.end(), [&](const auto& one) {
    return one->user.name == "bridge-" + bridge.id() + "-agents";
  });
  constexpr Nanos kForGood = 3'600 * kSecond;
  world.broker->cut(**link, true, true, kForGood);
  await(world, kNoticedWithin, bridge.id() + " does not notice that it is cut off",
        [&] { return !bridge.is_open(); });
  const std::string kill = world.boss->kill("*");
  await(world, world.bridge_lease + kFencedWithin, "not fenced without " + bridge.id(),
        [&] { return world.boss->asked(kill).fenced; });
  world.ground.count("I9");
}

// An instance that died long ago confirms nothing. A control that has just begun knows that too.
// It begins twice: what the first one finds silent is stored, whatever the disk missed before.
void prove_stop_without_the_dead(World& world) {
  AgentProcess& victim = *world.agents.back();  // its address has no rogue, who confirms nothing
  constexpr Nanos kSeen = 2 * kSecond;          // control looks now and then, and stores
  victim.die(kMs);
  for (const Nanos silent : {schemas::kCrashedBeats * world.agent_beat + kSeen, Nanos{0}}) {
    world.control->die(kMs);
    await(world, kOpenWithin, "control does not lead again",
          [&] { return world.control->is_leading(); });
    pass(world, silent);
  }
  const std::string kill = world.boss->kill(victim.address().text());
  await(world, kAllStoppedWithin, "not stopped, though all who live are: " + kill,
        [&] { return world.boss->asked(kill).stopped; });
  world.ground.count("I9");
}

}  // namespace

void prove_liveness(World& world, Faults& faults) {
  faults.stop();
  world.boss->rest();
  world.broker->find_subscriptions_again();
  pass(world, kFaultMost);
  recover(world);

  const AgentProcess& victim = *world.ground.random.pick(world.agents);
  const std::string scope = victim.address().text();
  const std::string kill = world.boss->kill(scope);
  await(world, kFencedWithin, "not fenced and durable: " + kill,
        [&] { return world.boss->asked(kill).fenced && world.boss->asked(kill).durable; });
  await(world, kStoppedWithin, victim.name() + " did not stop",
        [&] { return !victim.is_working(); });
  world.ground.count("I9");

  const std::string resume = world.boss->resume(scope);
  const std::uint64_t before = world.observer->forwards_of(victim.instance());
  await(world, kFlowsWithin, "the intents of " + victim.name() + " do not flow again",
        [&] { return world.observer->forwards_of(victim.instance()) > before; });
  world.ground.count("I9");
  if (world.ground.random.below(kOneIn) == 0) return prove_fence_without_link(world);
  if (world.ground.random.below(kOneIn) == 0) prove_stop_without_the_dead(world);
}

}  // namespace estop::sim
