// SPDX-License-Identifier: Apache-2.0
#include "control/core/questions/pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "control/core/questions/page.h"

namespace estop::control {

using schemas::AgentState;

namespace {

// Keys of lists: they sort as the lists do, a space before everything that a name may hold.
std::string key_of(const HeldKill& held) {
  const schemas::Latch& latch = held.latch;
  return fmt::format("{} {:020} {}", latch.scope.tokens(), latch.since_ms, latch.op_id);
}
std::string key_of(const AgentInstance& instance) {
  return instance.stored.address.tokens() + ' ' + instance.stored.instance.text();
}
std::string key_of(const AmbiguousEffect& effect) {
  return fmt::format("{:020} {}", effect.begun_at_ms, effect.key);
}

std::vector<ShownKill> kills_on(Page& page, const std::vector<const HeldKill*>& kills) {
  std::vector<std::pair<std::string, const HeldKill*>> sorted;
  for (const HeldKill* held : kills) sorted.emplace_back(key_of(*held), held);
  std::sort(sorted.begin(), sorted.end());
  std::vector<ShownKill> list;
  for (const auto& [key, held] : sorted) {
    if (!page.wants(kKillList, key)) continue;
    if (!page.add(list, ShownKill{held->latch, held->epoch, held->given})) break;
  }
  return list;
}

std::uint64_t ago_ms(Now now, std::uint64_t then_us) {
  return (now.boot_us - std::min(now.boot_us, then_us)) / 1'000;
}

ShownInstance shown(const StatusView& view, const AgentInstance& instance, bool wide) {
  const auto& latches = view.ledger.latches();
  const schemas::Address& address = instance.stored.address;
  const std::string& name = instance.stored.instance.text();
  const HeldKill* kill = latches.narrowest(address, name);
  ShownInstance shown;
  shown.stored = instance.stored;
  shown.health = view.registry.health(instance, view.now.boot_us);
  // Announced, but in a life that ended: nothing is known until it says hello again.
  const bool of_old_life = shown.health == AgentState::kHealthy &&
                           instance.incarnation < latches.incarnation(address, name);
  shown.state = of_old_life ? AgentState::kUnknown : shown.health;
  if (kill != nullptr) {
    shown.state = AgentState::kKilled;
    shown.killed = {kill->latch.actor, kill->latch.reason,
                    instance.confirmed_op == kill->latch.op_id};
  }
  shown.incarnation = instance.incarnation;
  shown.heard_ms_ago = ago_ms(view.now, instance.heard_us);
  if (wide) shown.more = {instance.runtime, instance.spawned_by, instance.beat};
  return shown;
}

std::vector<ShownInstance> instances_on(Page& page, const StatusView& view,
                                        const schemas::Scope& scope, bool wide) {
  std::vector<ShownInstance> list;
  for (const AgentInstance* instance : view.registry.covered_by(scope)) {
    if (!page.wants(kAgentList, key_of(*instance))) continue;
    if (!page.add(list, shown(view, *instance, wide))) break;
  }
  return list;
}

ShownBridge shown(const Bridge& bridge, Now now) {
  ShownBridge shown{bridge.name, bridge.joined, now.boot_us < bridge.open_until_us};
  if (bridge.heard_us == 0) return shown;
  shown.beat = bridge.beat;
  shown.heard_ms_ago = ago_ms(now, bridge.heard_us);
  return shown;
}

}  // namespace

StatusPage status_page(const StatusView& view, const PageRequest& request) {
  Page page(request);
  StatusPage status;
  status.version = view.version;
  status.term = view.ledger.term();
  status.is_leading = view.ledger.is_leading();
  status.up_ms = ago_ms(view.now, view.started_us);
  status.head = view.ledger.head();
  status.uncommitted = view.ledger.uncommitted();
  status.stream_ok = view.ledger.stream_healthy();
  status.recorder_ok = view.ledger.recorder_healthy();
  for (const auto& [name, bridge] : view.roster.all()) {
    if (!page.wants(kBridgeList, name.id + "." + name.process)) continue;
    if (!page.add(status.bridges, shown(bridge, view.now))) break;
  }
  status.bridges_may_be_open = view.roster.maybe_open(view.now.boot_us);
  status.agents = view.registry.size();
  status.kills = kills_on(page, view.ledger.latches().all());
  for (const auto& [op_id, proposal] : view.proposals) {
    if (!page.wants(kProposalList, op_id)) continue;
    const std::uint64_t left_us = proposal.until_us - std::min(proposal.until_us, view.now.boot_us);
    if (!page.add(status.proposals, ShownProposal{proposal.draft, left_us / 1'000})) break;
  }
  status.next = page.next();
  return status;
}

AgentsPage agents_page(const StatusView& view, const PsCommand& ps) {
  Page page(ps.page);
  std::vector<const HeldKill*> held;
  for (const HeldKill* one : view.ledger.latches().all()) {
    const schemas::Scope& scope = one->latch.scope;
    if (ps.filter.covers(scope) || scope.covers(ps.filter)) held.push_back(one);
  }
  AgentsPage answer;
  answer.kills = kills_on(page, held);
  answer.agents = instances_on(page, view, ps.filter, ps.wide);
  answer.next = page.next();
  return answer;
}

KillsPage kills_page(const StatusView& view, const schemas::Scope& scope,
                     const PageRequest& request) {
  Page page(request);
  std::vector<const HeldKill*> held;
  for (const HeldKill* one : view.ledger.latches().all()) {
    if (one->latch.scope.covers(scope)) held.push_back(one);
  }
  KillsPage answer;
  answer.kills = kills_on(page, held);
  answer.head = view.ledger.head();
  answer.instances = view.registry.living(scope, view.now.boot_us);
  answer.next = page.next();
  return answer;
}

AgentPage agent_page(const StatusView& view, const schemas::Address& address,
                     const schemas::Result<std::vector<schemas::CheckpointInfo>>& checkpoints,
                     const schemas::Result<std::vector<AmbiguousEffect>>& begun,
                     const PageRequest& request) {
  const auto& latches = view.ledger.latches();
  Page page(request);
  AgentPage answer;
  answer.address = address;
  answer.incarnation = latches.incarnation(address, {});
  answer.kills = kills_on(page, latches.covering(address, {}));
  answer.instances = instances_on(page, view, schemas::Scope::of(address), true);
  if (checkpoints) {
    auto& list = answer.checkpoints.emplace();
    for (const auto& item : *checkpoints) {
      if (page.wants(kCheckpointList, item.key) && !page.add(list, item)) break;
    }
  }
  if (begun) {
    auto& list = answer.begun.emplace();
    for (const auto& item : *begun) {
      if (page.wants(kEffectList, key_of(item)) && !page.add(list, item)) break;
    }
  }
  answer.next = page.next();
  return answer;
}

}  // namespace estop::control
