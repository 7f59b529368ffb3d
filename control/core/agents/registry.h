// SPDX-License-Identifier: Apache-2.0

// The agents: which instances announced themselves, their health, and which kills they confirmed.
//
// Health is counted from the arrival of beats. A kill does not change it; a killed instance is
// shown as killed, whatever its health. An instance that has not confirmed a kill stays *missing*,
// also when it leaves or crashes: unconfirmed is never shown as stopped. The registry keeps it as
// long, because its receipt may still come.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/recorder/rows.h"
#include "schemas/messages.h"
#include "schemas/result.h"

namespace estop::control {

struct RegistryOptions {
  std::uint32_t beat_ms = schemas::kAgentBeat_ms;
  std::uint32_t lease_ms = schemas::kAgentLease_ms;
};

// One process. Two processes may bear the name of one instance; each confirms its stop by itself.
struct LifeName {
  std::string instance;  // acme/prod/mailer@k3j9x2ab
  schemas::Process process;
  friend auto operator<=>(const LifeName&, const LifeName&) = default;
};

struct AgentInstance {
  StoredAgent stored;
  std::string runtime;
  std::string spawned_by;
  std::uint64_t incarnation = 0;  // in the answer to its last hello
  std::uint64_t heard_us = 0;
  bool has_beaten = false;                                       // since its last hello
  schemas::Beat beat;                                            // the newest
  schemas::AgentState reported = schemas::AgentState::kUnknown;  // as last reported
  std::string confirmed_op;        // the newest kill that it confirmed
  bool is_stored_as_past = false;  // stored as crashed: a restart of control does not wait for it

  [[nodiscard]] std::string name() const;  // acme/prod/mailer@k3j9x2ab
  [[nodiscard]] LifeName life() const;
};

// The instances that a kill waits for.
struct StopCount {
  schemas::Scope scope;  // of the kill
  std::set<LifeName> missing;
  std::set<LifeName> confirmed;
  std::uint64_t last_told_us = 0;
  [[nodiscard]] std::size_t of() const { return missing.size() + confirmed.size(); }
};

class Registry {
 public:
  explicit Registry(RegistryOptions options) : options_(options) {}

  // At start: an instance that lived when control ended. It counts as silent only after a full time
  // from now on.
  void restore(const StoredAgent& agent, std::uint64_t now_us);

  // Whether a hello tells anything new. A living instance repeats its hello after every loss of
  // contact, and a repetition needs no audit line.
  [[nodiscard]] bool is_news(const schemas::Address& address, const schemas::Instance& instance,
                             const schemas::Hello& hello, std::uint64_t incarnation,
                             std::uint64_t now_us) const;
  // kTooMany: the address has kInstancesMax instances that live or are waited for.
  schemas::Result<AgentInstance*> hello(const schemas::Address& address,
                                        const schemas::Instance& instance,
                                        const schemas::Hello& hello, std::uint64_t incarnation,
                                        std::uint64_t now_us, std::uint64_t now_ms);
  AgentInstance* goodbye(const schemas::Address& address, const schemas::Instance& instance,
                         const schemas::Process& process, std::uint64_t now_us,
                         std::uint64_t now_ms);
  // Nullptr: it has to say hello first.
  AgentInstance* beat(const schemas::Address& address, const schemas::Instance& instance,
                      const schemas::Beat& beat, std::uint64_t now_us, std::uint64_t now_ms);

  [[nodiscard]] schemas::AgentState health(const AgentInstance& instance,
                                           std::uint64_t now_us) const;
  // The instances whose health has changed since it was reported last; marks them as reported.
  // Forgets past instances beyond their bounds of number and age.
  std::vector<AgentInstance*> changed(std::uint64_t now_us, std::uint64_t now_ms);

  [[nodiscard]] bool knows(const schemas::Scope& scope) const;  // anybody, ever
  [[nodiscard]] std::vector<const AgentInstance*> covered_by(const schemas::Scope& scope) const;
  [[nodiscard]] std::size_t living(const schemas::Address& address, std::uint64_t now_us) const;
  [[nodiscard]] std::size_t living(const schemas::Scope& scope, std::uint64_t now_us) const;
  [[nodiscard]] AgentInstance* find(const schemas::Address& address,
                                    const schemas::Instance& instance,
                                    const schemas::Process& process);
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] const RegistryOptions& options() const { return options_; }

  // Waits for every living instance of the scope; one that exists already is kept.
  StopCount& expect_stops(const std::string& op_id, const schemas::Scope& scope,
                          std::uint64_t now_us);
  // Nullptr: no kill waits for it (any more), or it was counted before.
  StopCount* stopped(const std::string& op_id, const AgentInstance& instance);
  [[nodiscard]] StopCount* stops(const std::string& op_id);
  [[nodiscard]] const StopCount* stops(const std::string& op_id) const;
  [[nodiscard]] std::map<std::string, StopCount>& all_stops() { return stops_; }
  void forget_stops(const std::string& op_id) { stops_.erase(op_id); }

 private:
  using Instances = std::map<std::string, AgentInstance>;  // by instance and process
  bool make_room(Instances& instances, std::uint64_t now_us);
  // Until `tell` returns false.
  void each_covered(const schemas::Scope& scope,
                    const std::function<bool(const AgentInstance&)>& tell) const;
  void forget_past(Instances& instances, const AgentInstance* but, std::uint64_t now_us,
                   std::uint64_t now_ms);
  [[nodiscard]] bool is_past(const AgentInstance& instance, std::uint64_t now_us) const;
  [[nodiscard]] bool is_waited_for(const AgentInstance& instance) const;

  RegistryOptions options_;
  std::map<std::string, Instances> agents_;  // by address tokens, so that a scope is a range
  std::map<std::string, StopCount> stops_;   // by op id
  std::size_t count_ = 0;
};

}  // namespace estop::control
