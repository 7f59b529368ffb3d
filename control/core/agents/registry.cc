// SPDX-License-Identifier: Apache-2.0
#include "control/core/agents/registry.h"

#include <algorithm>

namespace estop::control {

using schemas::AgentState;
using schemas::Errc;
using schemas::Scope;

namespace {

std::string key_of(const schemas::Instance& instance, const schemas::Process& process) {
  return instance.text() + "." + process;
}

}  // namespace

LifeName AgentInstance::life() const {
  return {name(), stored.process};
}

std::string AgentInstance::name() const {
  return stored.address.text() + "@" + stored.instance.text();
}

void Registry::restore(const StoredAgent& agent, std::uint64_t now_us) {
  AgentInstance& instance = agents_[agent.address.tokens()][key_of(agent.instance, agent.process)];
  if (instance.stored.instance.empty()) ++count_;
  instance.stored = agent;
  instance.heard_us = now_us;
  instance.reported = agent.left ? AgentState::kLeft : AgentState::kUnknown;
}

bool Registry::is_news(const schemas::Address& address, const schemas::Instance& name,
                       const schemas::Hello& hello, std::uint64_t incarnation,
                       std::uint64_t now_us) const {
  const auto agent = agents_.find(address.tokens());
  if (agent == agents_.end()) return true;
  const auto found = agent->second.find(key_of(name, hello.process));
  if (found == agent->second.end()) return true;
  const AgentInstance& known = found->second;
  return is_past(known, now_us) || known.stored.key != hello.key ||
         known.stored.host != hello.host || known.stored.pid != hello.pid ||
         known.incarnation != incarnation;
}

schemas::Result<AgentInstance*> Registry::hello(const schemas::Address& address,
                                                const schemas::Instance& name,
                                                const schemas::Hello& hello,
                                                std::uint64_t incarnation, std::uint64_t now_us,
                                                std::uint64_t now_ms) {
  Instances& instances = agents_[address.tokens()];
  const std::string key = key_of(name, hello.process);
  if (!instances.contains(key)) {
    if (!make_room(instances, now_us)) {
      return schemas::fail(Errc::kTooMany, address.text() + " has " +
                                               std::to_string(schemas::kInstancesMax) +
                                               " instances that live or owe a receipt");
    }
    ++count_;
  }
  AgentInstance& instance = instances[key];
  if (instance.stored.first_seen_ms == 0) instance.stored.first_seen_ms = now_ms;
  instance.stored.address = address;
  instance.stored.instance = name;
  instance.stored.process = hello.process;
  instance.stored.key = hello.key;
  instance.stored.host = hello.host;
  instance.stored.pid = hello.pid;
  instance.stored.last_seen_ms = now_ms;
  instance.stored.left = false;
  instance.runtime = hello.runtime;
  instance.spawned_by = hello.spawned_by;
  instance.incarnation = incarnation;
  instance.heard_us = now_us;
  instance.is_stored_as_past = false;
  instance.has_beaten = false;
  instance.reported = AgentState::kUnknown;
  return &instance;
}

// An address that makes up instance names pushes out its own dead, nobody else's.
bool Registry::make_room(Instances& instances, std::uint64_t now_us) {
  if (instances.size() < schemas::kInstancesMax) return true;
  const auto dead = std::find_if(instances.begin(), instances.end(), [&](const auto& entry) {
    return is_past(entry.second, now_us) && !is_waited_for(entry.second);
  });
  if (dead == instances.end()) return false;
  instances.erase(dead);
  --count_;
  return true;
}

bool Registry::is_past(const AgentInstance& instance, std::uint64_t now_us) const {
  const AgentState state = health(instance, now_us);
  return state == AgentState::kLeft || state == AgentState::kCrashed;
}

bool Registry::is_waited_for(const AgentInstance& instance) const {
  if (stops_.empty()) return false;
  return std::any_of(stops_.begin(), stops_.end(), [life = instance.life()](const auto& entry) {
    return entry.second.missing.contains(life);
  });
}

void Registry::forget_past(Instances& instances, const AgentInstance* but, std::uint64_t now_us,
                           std::uint64_t now_ms) {
  std::vector<std::pair<std::uint64_t, const std::string*>> past;  // when it was seen last
  for (const auto& [name, instance] : instances) {
    if (&instance == but || !is_past(instance, now_us)) continue;
    // One that was not told as crashed yet stays until it is.
    if (instance.reported != AgentState::kLeft && instance.reported != AgentState::kCrashed)
      continue;
    past.emplace_back(instance.stored.last_seen_ms, &name);
  }
  std::sort(past.begin(), past.end());
  std::size_t more = past.size() - std::min(past.size(), kPastInstancesMax);
  for (const auto& [seen_ms, name] : past) {
    const bool is_old = seen_ms + kPastInstances_ms < now_ms;
    if (more == 0 && !is_old) break;
    const auto oldest = instances.find(*name);
    if (more > 0) --more;
    if (is_waited_for(oldest->second)) continue;
    instances.erase(oldest);
    --count_;
  }
}

AgentInstance* Registry::goodbye(const schemas::Address& address, const schemas::Instance& name,
                                 const schemas::Process& process, std::uint64_t now_us,
                                 std::uint64_t now_ms) {
  AgentInstance* instance = find(address, name, process);
  if (instance == nullptr || instance->stored.left) return nullptr;
  instance->stored.left = true;
  instance->stored.last_seen_ms = now_ms;
  instance->reported = AgentState::kLeft;
  forget_past(agents_[address.tokens()], instance, now_us, now_ms);
  return instance;
}

AgentInstance* Registry::beat(const schemas::Address& address, const schemas::Instance& name,
                              const schemas::Beat& beat, std::uint64_t now_us,
                              std::uint64_t now_ms) {
  AgentInstance* instance = find(address, name, beat.process);
  if (instance == nullptr || instance->stored.left) return nullptr;
  instance->beat = beat;
  instance->has_beaten = true;
  instance->incarnation = std::max(instance->incarnation, beat.incarnation);
  instance->heard_us = now_us;
  instance->stored.last_seen_ms = now_ms;
  return instance;
}

AgentState Registry::health(const AgentInstance& instance, std::uint64_t now_us) const {
  if (instance.stored.left) return AgentState::kLeft;
  const std::uint64_t silent_us = now_us - std::min(now_us, instance.heard_us);
  const std::uint64_t beat_us = options_.beat_ms * 1'000ULL;
  if (silent_us >= schemas::kCrashedBeats * beat_us) return AgentState::kCrashed;
  if (silent_us >= schemas::kStaleBeats * beat_us) return AgentState::kStale;
  return instance.has_beaten ? AgentState::kHealthy : AgentState::kUnknown;
}

std::vector<AgentInstance*> Registry::changed(std::uint64_t now_us, std::uint64_t now_ms) {
  std::vector<AgentInstance*> found;
  for (auto& [tokens, instances] : agents_) {
    forget_past(instances, nullptr, now_us, now_ms);
    for (auto& [name, instance] : instances) {
      const AgentState state = health(instance, now_us);
      if (state == instance.reported) continue;
      instance.reported = state;
      found.push_back(&instance);
    }
  }
  return found;
}

bool Registry::knows(const Scope& scope) const {
  bool found = false;
  each_covered(scope, [&](const AgentInstance&) {
    found = true;
    return false;
  });
  return found;
}

std::vector<const AgentInstance*> Registry::covered_by(const Scope& scope) const {
  std::vector<const AgentInstance*> found;
  each_covered(scope, [&](const AgentInstance& instance) {
    found.push_back(&instance);
    return true;
  });
  return found;
}

void Registry::each_covered(const Scope& scope,
                            const std::function<bool(const AgentInstance&)>& tell) const {
  const schemas::Address exact = scope.address();
  const std::string from = exact.empty() ? scope.tokens() : exact.tokens();
  for (auto agent = agents_.lower_bound(from); agent != agents_.end(); ++agent) {
    if (agent->first.compare(0, from.size(), from) != 0) break;
    for (const auto& [key, instance] : agent->second) {
      const StoredAgent& stored = instance.stored;
      if (scope.covers(stored.address, stored.instance.text()) && !tell(instance)) return;
    }
  }
}

std::size_t Registry::living(const schemas::Address& address, std::uint64_t now_us) const {
  const auto agent = agents_.find(address.tokens());
  if (agent == agents_.end()) return 0;
  const auto& instances = agent->second;
  return static_cast<std::size_t>(
      std::count_if(instances.begin(), instances.end(),
                    [&](const auto& entry) { return !is_past(entry.second, now_us); }));
}

std::size_t Registry::living(const Scope& scope, std::uint64_t now_us) const {
  std::size_t found = 0;
  each_covered(scope, [&](const AgentInstance& instance) {
    if (!is_past(instance, now_us)) ++found;
    return true;
  });
  return found;
}

AgentInstance* Registry::find(const schemas::Address& address, const schemas::Instance& name,
                              const schemas::Process& process) {
  const auto agent = agents_.find(address.tokens());
  if (agent == agents_.end()) return nullptr;
  const auto instance = agent->second.find(key_of(name, process));
  return instance == agent->second.end() ? nullptr : &instance->second;
}

StopCount& Registry::expect_stops(const std::string& op_id, const Scope& scope,
                                  std::uint64_t now_us) {
  const auto [place, made] = stops_.try_emplace(op_id);
  if (!made) return place->second;
  place->second.scope = scope;
  for (const AgentInstance* instance : covered_by(scope)) {
    if (is_past(*instance, now_us)) continue;
    place->second.missing.insert(instance->life());
  }
  return place->second;
}

StopCount* Registry::stopped(const std::string& op_id, const AgentInstance& instance) {
  StopCount* count = stops(op_id);
  if (count == nullptr || count->missing.erase(instance.life()) == 0) return nullptr;
  count->confirmed.insert(instance.life());
  return count;
}

StopCount* Registry::stops(const std::string& op_id) {
  const auto found = stops_.find(op_id);
  return found == stops_.end() ? nullptr : &found->second;
}

const StopCount* Registry::stops(const std::string& op_id) const {
  const auto found = stops_.find(op_id);
  return found == stops_.end() ? nullptr : &found->second;
}

}  // namespace estop::control
