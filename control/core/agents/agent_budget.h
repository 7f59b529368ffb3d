// SPDX-License-Identifier: Apache-2.0

// How much of control's time an agent may take. Control asks here before it decodes anything of an
// agent's message.
//
// Each instance has a budget, so that it cannot use up its siblings'. Each address has one, because
// one credential can make up any number of instances. All addresses together have one, because many
// credentials within their budgets are too much as well. A killed address keeps a small budget: its
// honest instances still confirm, beat and ask. The table is bounded; addresses that do not fit in
// share one budget. Orders and receipts of bridges need no budget.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "control/core/agents/fair_share.h"
#include "control/core/agents/token_bucket.h"
#include "schemas/limits.h"

namespace estop::control {

// The kinds of messages of an agent.
enum class AgentSays : std::uint8_t { kHello, kBeat, kStopped, kStore };
inline constexpr std::array kAgentSays{AgentSays::kHello, AgentSays::kBeat, AgentSays::kStopped,
                                       AgentSays::kStore};
[[nodiscard]] std::string_view name(AgentSays what) noexcept;

struct AgentBudgetOptions {
  std::uint32_t beat_ms = schemas::kAgentBeat_ms;  // as agents are told
  std::size_t addresses_max = 16'384;
  std::size_t instances_max = 65'536;
};

// How many messages of one address were dropped since the last report.
struct AgentsDropped {
  std::string address;  // tokens; empty: of those that share a budget
  std::uint64_t messages = 0;
  bool had_little = false;  // it sent no more than its part: there are too many addresses
};

class AgentBudget {
 public:
  explicit AgentBudget(AgentBudgetOptions options);

  // Whether the message may be decoded. `address` and `instance` as they stand on the subject.
  [[nodiscard]] bool admits(AgentSays what, std::string_view address, std::string_view instance,
                            std::uint64_t now_us);
  // The additional check for an address that is killed.
  [[nodiscard]] bool admits_killed(AgentSays what, std::string_view address, std::uint64_t now_us);

  // The addresses whose messages were dropped since the last call, at most kToldMax of them.
  [[nodiscard]] std::vector<AgentsDropped> take_dropped();
  // Forgets addresses and instances that have rested.
  void sweep(std::uint64_t now_us);
  [[nodiscard]] std::size_t size() const { return addresses_.size() + instances_.size(); }

  static constexpr std::size_t kToldMax = 64;

 private:
  using Rates = std::array<Rate, kAgentSays.size()>;
  struct Account {
    explicit Account(const Rates& rates);
    std::array<TokenBucket, kAgentSays.size()> buckets;
  };
  struct AddressAccount {
    explicit AddressAccount(const Rates& all, const Rates& killed)
        : any(all), when_killed(killed) {}
    Account any;
    Account when_killed;
    std::array<FairShare::Had, kAgentSays.size()> had{};
    std::uint64_t dropped = 0;
  };
  using Addresses = std::map<std::string, AddressAccount, std::less<>>;
  using Instances = std::map<std::string, Account, std::less<>>;

  AddressAccount& account_of(std::string_view address);
  bool leaves_others_theirs(AgentSays what, AddressAccount& one, std::uint64_t now_us);
  Account* account_of(std::string_view address, std::string_view instance);

  AgentBudgetOptions options_;
  Rates of_instance_;
  Rates of_address_;
  Rates of_killed_;
  Addresses addresses_;
  Instances instances_;
  std::array<FairShare, kAgentSays.size()> all_;
  std::uint64_t dropped_of_little_ = 0;
  AddressAccount others_;
  std::string key_;  // reused
};

}  // namespace estop::control
