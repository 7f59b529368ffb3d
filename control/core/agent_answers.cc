// The longer answers: status, ps and get.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "control/core/answers.h"
#include "control/core/json_text.h"

namespace estop::control {

using nlohmann::json;
using schemas::AgentState;

namespace {

json latch_json(const HeldKill& held) {
  const schemas::Latch& latch = held.latch;
  json shown = {{"op_id", latch.op_id},        {"seq", latch.seq},
                {"scope", latch.scope.text()}, {"mode", name(latch.mode)},
                {"actor", latch.actor},        {"reason", latch.reason},
                {"since_ms", latch.since_ms},  {"since", utc_text(latch.since_ms)}};
  if (!held.given_as.empty()) shown["given_as"] = held.given_as;
  return shown;
}

json latches_json(const std::vector<HeldKill>& kills) {
  json list = json::array();
  for (const HeldKill& held : kills) list.push_back(latch_json(held));
  return list;
}
json latches_json(const std::vector<const HeldKill*>& kills) {
  json list = json::array();
  for (const HeldKill* held : kills) list.push_back(latch_json(*held));
  return list;
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
  const auto kills = latches.covering(instance.stored.address, instance.stored.instance.text());
  const AgentState health = view.registry.health(instance, view.now.boot_us);
  const auto life = latches.incarnation(instance.stored.address, instance.stored.instance.text());
  // Announced, but in a life that ended: nothing is known until it says hello again.
  const bool of_old_life = health == AgentState::kHealthy && instance.incarnation < life;
  json shown = {{"address", instance.stored.address.text()},
                {"instance", instance.stored.instance.text()},
                {"state", name(kills.empty() ? (of_old_life ? AgentState::kUnknown : health)
                                             : AgentState::kKilled)},
                {"health", name(health)},
                {"incarnation", instance.incarnation},
                {"heard_ms_ago", ago_ms(view.now, instance.heard_us)}};
  if (!kills.empty()) {
    shown["killed_by"] = kills.front()->latch.actor;
    shown["reason"] = kills.front()->latch.reason;
    shown["confirmed"] = instance.confirmed_op == kills.front()->latch.op_id;
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
  json shown = {{"id", bridge.id},
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

std::string utc_text(std::uint64_t wall_ms) {
  const auto seconds = static_cast<std::time_t>(wall_ms / 1'000);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds));
}

json proposal_json(const Proposal& proposal, Now now) {
  const schemas::Record& draft = proposal.draft;
  const bool is_kill = draft.kind == schemas::RecordKind::kKill;
  const std::uint64_t left_us = proposal.until_us - std::min(proposal.until_us, now.boot_us);
  json shown = {{"op_id", draft.op_id},        {"verb", is_kill ? "kill" : "resume"},
                {"scope", draft.scope.text()}, {"actor", draft.actor},
                {"reason", draft.reason},      {"expires_in_ms", left_us / 1'000}};
  if (!is_kill) shown["lifts"] = draft.lifts;
  return shown;
}

std::string status_json(const StatusView& view) {
  const schemas::Head head = view.ledger.head();
  json bridges = json::array();
  for (const auto& [id, bridge] : view.roster.all()) {
    bridges.push_back(bridge_json(bridge, view.now));
  }
  json proposals = json::array();
  for (const auto& [op_id, proposal] : view.proposals) {
    proposals.push_back(proposal_json(proposal, view.now));
  }
  return text({{"control",
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
               {"kills", latches_json(view.ledger.latches().all())},
               {"proposals", std::move(proposals)},
               {"done", true}});
}

std::string ps_json(const StatusView& view, const PsCommand& ps) {
  json agents = json::array();
  for (const AgentInstance* instance : view.registry.covered_by(ps.filter)) {
    agents.push_back(instance_json(view, *instance, ps.wide));
  }
  json kills = json::array();
  for (const HeldKill& held : view.ledger.latches().all()) {
    if (ps.filter.covers(held.latch.scope) || held.latch.scope.covers(ps.filter)) {
      kills.push_back(latch_json(held));
    }
  }
  return text({{"agents", std::move(agents)}, {"kills", std::move(kills)}, {"done", true}});
}

std::string get_json(const StatusView& view, const schemas::Address& address,
                     const schemas::Result<std::vector<schemas::CheckpointInfo>>& checkpoints,
                     const schemas::Result<std::vector<AmbiguousEffect>>& begun) {
  json instances = json::array();
  for (const AgentInstance* instance : view.registry.covered_by(schemas::Scope::of(address))) {
    instances.push_back(instance_json(view, *instance, true));
  }
  json answer = {{"address", address.text()},
                 {"incarnation", view.ledger.latches().incarnation(address, {})},
                 {"kills", latches_json(view.ledger.latches().covering(address, {}))},
                 {"instances", std::move(instances)},
                 {"done", true}};
  if (checkpoints) {
    json list = json::array();
    for (const auto& item : *checkpoints) {
      list.push_back({{"key", item.key}, {"version", item.version}, {"bytes", item.size_bytes}});
    }
    answer["checkpoints"] = std::move(list);
  }
  if (begun) {
    json list = json::array();
    for (const auto& item : *begun) {
      list.push_back(
          {{"key", item.key}, {"instance", item.instance}, {"begun_at_ms", item.begun_at_ms}});
    }
    answer["effects_begun"] = std::move(list);
  }
  if (!checkpoints || !begun) answer["warning"] = "the recorder cannot be read now";
  return text(answer);
}

}  // namespace estop::control
