// SPDX-License-Identifier: Apache-2.0

// The longer answers: status, ps and get.
#include <nlohmann/json.hpp>
#include <utility>

#include "control/json/commands.h"
#include "control/json/json_text.h"
#include "schemas/printable.h"
#include "schemas/signing.h"

namespace estop::control {

using nlohmann::json;

namespace {

json shown(const ShownKill& kill) {
  const schemas::Latch& latch = kill.latch;
  json shown = {{"op_id", latch.op_id},        {"seq", latch.seq},
                {"scope", latch.scope.text()}, {"mode", name(latch.mode)},
                {"actor", latch.actor},        {"reason", latch.reason},
                {"since_ms", latch.since_ms},  {"since", schemas::utc_text(latch.since_ms)}};
  shown["epoch"] = kill.epoch;
  if (!kill.given_as.empty()) shown["given_as"] = kill.given_as;
  return shown;
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

json shown(const ShownInstance& instance) {
  json shown = {{"address", instance.stored.address.text()},
                {"instance", instance.stored.instance.text()},
                {"state", name(instance.state)},
                {"health", name(instance.health)},
                {"incarnation", instance.incarnation},
                {"heard_ms_ago", instance.heard_ms_ago}};
  if (instance.killed) {
    shown["killed_by"] = instance.killed->by;
    shown["reason"] = instance.killed->reason;
    shown["confirmed"] = instance.killed->is_confirmed;
  }
  if (!instance.more) return shown;
  shown["host"] = instance.stored.host;
  shown["pid"] = instance.stored.pid;
  shown["runtime"] = instance.more->runtime;
  shown["spawned_by"] = instance.more->spawned_by;
  shown["counters"] = counters_json(instance.more->counters);
  return shown;
}

json shown(const ShownBridge& bridge) {
  json shown = {{"id", bridge.name.id},
                {"process", bridge.name.process},
                {"joined", bridge.joined},
                {"may_be_open", bridge.may_be_open}};
  if (!bridge.beat) return shown;
  const schemas::BridgeBeat& beat = *bridge.beat;
  shown["state"] = name(beat.state);
  shown["heard_ms_ago"] = bridge.heard_ms_ago;
  shown["applied_seq"] = beat.applied.seq;
  shown["forwarded"] = beat.forwarded;
  shown["refused"] = beat.refused;
  shown["refused_killed"] = beat.refused_killed;
  shown["after_fence"] = beat.after_fence;
  return shown;
}

json shown(const ShownProposal& proposal) {
  const schemas::Record& draft = proposal.draft;
  const auto* resume = std::get_if<schemas::Resume>(&draft.body);
  json shown = {{"op_id", draft.op_id},          {"verb", resume == nullptr ? "kill" : "resume"},
                {"scope", draft.scope().text()}, {"actor", draft.actor.name},
                {"reason", draft.reason},        {"expires_in_ms", proposal.expires_in_ms}};
  if (resume == nullptr) return shown;
  const bool is_by_place = resume->through.place.seq != 0;
  if (!is_by_place) shown["lifts"] = resume->lifts;
  if (is_by_place) shown["through"] = through_json(resume->through);
  return shown;
}

json shown(const schemas::CheckpointInfo& item) {
  return {{"key", item.key}, {"version", item.version}, {"bytes", item.size_bytes}};
}

json shown(const AmbiguousEffect& item) {
  return {{"key", item.key}, {"instance", item.instance}, {"begun_at_ms", item.begun_at_ms}};
}

json shown(const schemas::Head& head) {
  return {{"epoch", head.epoch}, {"seq", head.seq}, {"hash", schemas::hex(head.hash)}};
}

template <class Item>
json list_of(const std::vector<Item>& items) {
  json list = json::array();
  for (const Item& item : items) list.push_back(shown(item));
  return list;
}

json finished(json answer, const std::string& next) {
  if (!next.empty()) answer["next"] = next;
  answer["done"] = true;
  return answer;
}

}  // namespace

json shown_page(const StatusPage& page) {
  json log = shown(page.head);
  log["uncommitted"] = page.uncommitted;
  log["stream_ok"] = page.stream_ok;
  log["recorder_ok"] = page.recorder_ok;
  return finished({{"control",
                    {{"version", page.version},
                     {"term", page.term},
                     {"leading", page.is_leading},
                     {"up_ms", page.up_ms}}},
                   {"log", std::move(log)},
                   {"bridges", list_of(page.bridges)},
                   {"bridges_may_be_open", page.bridges_may_be_open},
                   {"agents", page.agents},
                   {"kills", list_of(page.kills)},
                   {"proposals", list_of(page.proposals)}},
                  page.next);
}

json shown_page(const AgentsPage& page) {
  return finished({{"agents", list_of(page.agents)}, {"kills", list_of(page.kills)}}, page.next);
}

json shown_page(const KillsPage& page) {
  return finished(
      {{"kills", list_of(page.kills)}, {"log", shown(page.head)}, {"instances", page.instances}},
      page.next);
}

json shown_page(const AgentPage& page) {
  json answer = {{"address", page.address.text()},
                 {"incarnation", page.incarnation},
                 {"kills", list_of(page.kills)},
                 {"instances", list_of(page.instances)}};
  if (page.checkpoints) answer["checkpoints"] = list_of(*page.checkpoints);
  if (page.begun) answer["effects_begun"] = list_of(*page.begun);
  if (!page.checkpoints || !page.begun) answer["warning"] = "the recorder cannot be read now";
  return finished(std::move(answer), page.next);
}

}  // namespace estop::control
