// SPDX-License-Identifier: Apache-2.0

// The longer answers, page by page: status, ps and get.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/core/questions/answers.h"
#include "control/core/questions/json_text.h"
#include "schemas/printable.h"

namespace estop::control {

using nlohmann::json;
using schemas::AgentState;

namespace {

json latch_json(const HeldKill& held) {
  const schemas::Latch& latch = held.latch;
  json shown = {{"op_id", latch.op_id},        {"seq", latch.seq},
                {"scope", latch.scope.text()}, {"mode", name(latch.mode)},
                {"actor", latch.actor},        {"reason", latch.reason},
                {"since_ms", latch.since_ms},  {"since", schemas::utc_text(latch.since_ms)}};
  shown["epoch"] = held.epoch;
  if (!held.given.empty()) shown["given_as"] = held.given;
  return shown;
}

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

json kills_on(Page& page, const std::vector<const HeldKill*>& kills) {
  std::vector<std::pair<std::string, const HeldKill*>> sorted;
  for (const HeldKill* held : kills) sorted.emplace_back(key_of(*held), held);
  std::sort(sorted.begin(), sorted.end());
  json list = json::array();
  for (const auto& [key, held] : sorted) {
    if (page.wants(kKillList, key) && !page.add(list, latch_json(*held))) break;
  }
  return list;
}

std::string finished(json answer, const Page& page) {
  if (!page.next().empty()) answer["next"] = page.next();
  answer["done"] = true;
  return text(answer);
}

json counters_json(const schemas::Beat& beat) {
  return {{"sent", beat.sent},
          {"succeeded", beat.succeeded},
          {"failed", beat.failed},
          {"handled", beat.handled},
          {"latency_total_us", beat.latency_total_us},
          {"cost_micro_usd", beat.cost_micro_usd},
          {"tokens", beat.tokens},
          {"api_calls", beat.api_calls}};
}

std::uint64_t ago_ms(Now now, std::uint64_t then_us) {
  return (now.boot_us - std::min(now.boot_us, then_us)) / 1'000;
}

json instance_json(const StatusView& view, const AgentInstance& instance, bool wide) {
  const auto& latches = view.ledger.latches();
  const HeldKill* kill =
      latches.narrowest(instance.stored.address, instance.stored.instance.text());
  const AgentState health = view.registry.health(instance, view.now.boot_us);
  const auto life = latches.incarnation(instance.stored.address, instance.stored.instance.text());
  // Announced, but in a life that ended: nothing is known until it says hello again.
  const bool of_old_life = health == AgentState::kHealthy && instance.incarnation < life;
  json shown = {{"address", instance.stored.address.text()},
                {"instance", instance.stored.instance.text()},
                {"state", name(kill == nullptr ? (of_old_life ? AgentState::kUnknown : health)
                                               : AgentState::kKilled)},
                {"health", name(health)},
                {"incarnation", instance.incarnation},
                {"heard_ms_ago", ago_ms(view.now, instance.heard_us)}};
  if (kill != nullptr) {
    shown["killed_by"] = kill->latch.actor;
    shown["reason"] = kill->latch.reason;
    shown["confirmed"] = instance.confirmed_op == kill->latch.op_id;
  }
  if (!wide) return shown;
  shown["host"] = instance.stored.host;
  shown["pid"] = instance.stored.pid;
  shown["runtime"] = instance.runtime;
  shown["spawned_by"] = instance.spawned_by;
  shown["counters"] = counters_json(instance.beat);
  return shown;
}

json bridge_json(const Bridge& bridge, Now now) {
  json shown = {{"id", bridge.name.id},
                {"process", bridge.name.process},
                {"joined", bridge.joined},
                {"may_be_open", now.boot_us < bridge.open_until_us}};
  if (bridge.heard_us == 0) return shown;
  shown["state"] = name(bridge.beat.state);
  shown["heard_ms_ago"] = ago_ms(now, bridge.heard_us);
  shown["applied_seq"] = bridge.beat.applied.seq;
  shown["forwarded"] = bridge.beat.forwarded;
  shown["refused"] = bridge.beat.refused;
  shown["refused_killed"] = bridge.beat.refused_killed;
  shown["after_fence"] = bridge.beat.after_fence;
  return shown;
}

}  // namespace

json proposal_json(const Proposal& proposal, Now now) {
  const schemas::Record& draft = proposal.draft;
  const auto* resume = std::get_if<schemas::Resume>(&draft.body);
  const std::uint64_t left_us = proposal.until_us - std::min(proposal.until_us, now.boot_us);
  json shown = {{"op_id", draft.op_id},          {"verb", resume == nullptr ? "kill" : "resume"},
                {"scope", draft.scope().text()}, {"actor", draft.actor.name},
                {"reason", draft.reason},        {"expires_in_ms", left_us / 1'000}};
  if (resume == nullptr) return shown;
  const bool is_by_place = resume->through.place.seq != 0;
  if (!is_by_place) shown["lifts"] = resume->lifts;
  if (is_by_place) shown["through"] = through_json(resume->through);
  return shown;
}

std::string status_json(const StatusView& view, const PageRequest& request) {
  const schemas::Head head = view.ledger.head();
  Page page(request);
  json bridges = json::array();
  for (const auto& [name, bridge] : view.roster.all()) {
    const std::string key = name.id + "." + name.process;
    if (page.wants(kBridgeList, key) && !page.add(bridges, bridge_json(bridge, view.now))) break;
  }
  json kills = kills_on(page, view.ledger.latches().all());
  json proposals = json::array();
  for (const auto& [op_id, proposal] : view.proposals) {
    if (!page.wants(kProposalList, op_id)) continue;
    if (!page.add(proposals, proposal_json(proposal, view.now))) break;
  }
  return finished({{"control",
                    {{"version", view.version},
                     {"term", view.ledger.term()},
                     {"leading", view.ledger.is_leading()},
                     {"up_ms", ago_ms(view.now, view.started_us)}}},
                   {"log",
                    {{"epoch", head.epoch},
                     {"seq", head.seq},
                     {"hash", schemas::hex(head.hash)},
                     {"uncommitted", view.ledger.uncommitted()},
                     {"stream_ok", view.ledger.stream_healthy()},
                     {"recorder_ok", view.ledger.recorder_healthy()}}},
                   {"bridges", std::move(bridges)},
                   {"bridges_may_be_open", view.roster.maybe_open(view.now.boot_us)},
                   {"agents", view.registry.size()},
                   {"kills", std::move(kills)},
                   {"proposals", std::move(proposals)}},
                  page);
}

std::string ps_json(const StatusView& view, const PsCommand& ps) {
  Page page(ps.page);
  std::vector<const HeldKill*> held;
  for (const HeldKill* one : view.ledger.latches().all()) {
    const schemas::Scope& scope = one->latch.scope;
    if (ps.filter.covers(scope) || scope.covers(ps.filter)) held.push_back(one);
  }
  json kills = kills_on(page, held);
  json agents = json::array();
  for (const AgentInstance* instance : view.registry.covered_by(ps.filter)) {
    if (!page.wants(kAgentList, key_of(*instance))) continue;
    if (!page.add(agents, instance_json(view, *instance, ps.wide))) break;
  }
  return finished({{"agents", std::move(agents)}, {"kills", std::move(kills)}}, page);
}

std::string kills_json(const StatusView& view, const schemas::Scope& scope,
                       const PageRequest& request) {
  Page page(request);
  std::vector<const HeldKill*> held;
  for (const HeldKill* one : view.ledger.latches().all()) {
    if (one->latch.scope.covers(scope)) held.push_back(one);
  }
  json kills = kills_on(page, held);
  const schemas::Head head = view.ledger.head();
  return finished(
      {{"kills", std::move(kills)},
       {"log", {{"epoch", head.epoch}, {"seq", head.seq}, {"hash", schemas::hex(head.hash)}}},
       {"instances", view.registry.living(scope, view.now.boot_us)}},
      page);
}

std::string get_json(const StatusView& view, const schemas::Address& address,
                     const schemas::Result<std::vector<schemas::CheckpointInfo>>& checkpoints,
                     const schemas::Result<std::vector<AmbiguousEffect>>& begun,
                     const PageRequest& request) {
  Page page(request);
  json answer = {{"address", address.text()},
                 {"incarnation", view.ledger.latches().incarnation(address, {})},
                 {"kills", kills_on(page, view.ledger.latches().covering(address, {}))}};
  json& instances = answer["instances"] = json::array();
  for (const AgentInstance* instance : view.registry.covered_by(schemas::Scope::of(address))) {
    if (!page.wants(kAgentList, key_of(*instance))) continue;
    if (!page.add(instances, instance_json(view, *instance, true))) break;
  }
  if (checkpoints) {
    json& list = answer["checkpoints"] = json::array();
    for (const auto& item : *checkpoints) {
      if (!page.wants(kCheckpointList, item.key)) continue;
      const json one = {{"key", item.key}, {"version", item.version}, {"bytes", item.size_bytes}};
      if (!page.add(list, one)) break;
    }
  }
  if (begun) {
    json& list = answer["effects_begun"] = json::array();
    for (const auto& item : *begun) {
      if (!page.wants(kEffectList, key_of(item))) continue;
      const json one = {
          {"key", item.key}, {"instance", item.instance}, {"begun_at_ms", item.begun_at_ms}};
      if (!page.add(list, one)) break;
    }
  }
  if (!checkpoints || !begun) answer["warning"] = "the recorder cannot be read now";
  return finished(std::move(answer), page);
}

}  // namespace estop::control
