// SPDX-License-Identifier: Apache-2.0
#include "control/core/agents/agent_budget.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace estop::control {

namespace {

std::size_t place(AgentSays what) {
  return static_cast<std::size_t>(what);
}

// In the order of AgentSays: hello, beat, stopped, store. An honest instance says hello once a
// second at most, beats in its interval, confirms each kill once, and waits for each answer of the
// store; all instances of an address may do so at once, after a restart.
constexpr double kInstances = schemas::kInstancesMax;

// Of all addresses together: some fleets that come back at once, beats of twice as many connections
// as the broker takes, the receipts of a kill of them all. It is what one core reads beside its
// other work.
constexpr double kAllHellosMax_per_s = 2'000;
constexpr double kAllBeatsMax_per_s = 20'000;
constexpr double kAllStoppedMax_per_s = 4'000;
constexpr double kAllStoreMax_per_s = 8'000;
constexpr Rate kAllHellos{kAllHellosMax_per_s, 4 * kInstances};
constexpr Rate kAllStopped{kAllStoppedMax_per_s, 16 * kInstances};
constexpr Rate kAllStore{kAllStoreMax_per_s, 8 * kInstances};

double beats_per_s(std::uint32_t beat_ms) {
  return 1'000.0 / std::max(beat_ms, 10U);
}

Rate all_beats(const AgentBudgetOptions& options) {
  const double fleet = static_cast<double>(options.instances_max);
  return {std::min(2 * fleet * beats_per_s(options.beat_ms), kAllBeatsMax_per_s), fleet};
}

}  // namespace

std::string_view name(AgentSays what) noexcept {
  switch (what) {
    case AgentSays::kHello:
      return "hello";
    case AgentSays::kBeat:
      return "beat";
    case AgentSays::kStopped:
      return "stopped";
    case AgentSays::kStore:
      return "store";
  }
  return "unknown";
}

AgentBudget::Account::Account(const Rates& rates)
    : buckets{TokenBucket(rates[0]), TokenBucket(rates[1]), TokenBucket(rates[2]),
              TokenBucket(rates[3])} {}

AgentBudget::AgentBudget(AgentBudgetOptions options)
    : options_(options),
      of_instance_{Rate{5, 50}, Rate{4 * beats_per_s(options.beat_ms) + 5, 50}, Rate{50, 1'000},
                   Rate{1'000, 4'000}},
      of_address_{Rate{400, kInstances},
                  Rate{2 * kInstances * beats_per_s(options.beat_ms), 2 * kInstances},
                  Rate{1'000, 2 * kInstances}, Rate{4'000, 2 * kInstances}},
      of_killed_{Rate{20, 200}, Rate{kInstances * beats_per_s(options.beat_ms), kInstances},
                 Rate{1'000, 2 * kInstances}, Rate{200, kInstances}},
      all_{FairShare(kAllHellos), FairShare(all_beats(options)), FairShare(kAllStopped),
           FairShare(kAllStore)},
      others_(of_address_, of_killed_) {}

bool AgentBudget::admits(AgentSays what, std::string_view address, std::string_view instance,
                         std::uint64_t now_us) {
  AddressAccount& whole = account_of(address);
  Account* one = account_of(address, instance);
  const bool may = (one == nullptr || one->buckets[place(what)].take(1, now_us)) &&
                   whole.any.buckets[place(what)].take(1, now_us);
  if (!may) ++whole.dropped;
  return may && leaves_others_theirs(what, whole, now_us);
}

bool AgentBudget::leaves_others_theirs(AgentSays what, AddressAccount& one, std::uint64_t now_us) {
  const FairShare::Taken taken = all_[place(what)].take(one.had[place(what)], now_us);
  if (taken == FairShare::Taken::kOverPart) ++one.dropped;
  if (taken == FairShare::Taken::kNothing) ++dropped_of_little_;
  return taken == FairShare::Taken::kYes;
}

bool AgentBudget::admits_killed(AgentSays what, std::string_view address, std::uint64_t now_us) {
  AddressAccount& whole = account_of(address);
  const bool may = whole.when_killed.buckets[place(what)].take(1, now_us);
  if (!may) ++whole.dropped;
  return may;
}

AgentBudget::AddressAccount& AgentBudget::account_of(std::string_view address) {
  if (const auto found = addresses_.find(address); found != addresses_.end()) return found->second;
  if (addresses_.size() >= options_.addresses_max) return others_;
  return addresses_.try_emplace(std::string(address), of_address_, of_killed_).first->second;
}

// Nullptr: the table is full; the address' own budget still binds.
AgentBudget::Account* AgentBudget::account_of(std::string_view address, std::string_view instance) {
  key_.assign(address).append(".").append(instance);
  if (const auto found = instances_.find(key_); found != instances_.end()) return &found->second;
  if (instances_.size() >= options_.instances_max) return nullptr;
  return &instances_.try_emplace(key_, of_instance_).first->second;
}

std::vector<AgentsDropped> AgentBudget::take_dropped() {
  std::vector<AgentsDropped> told;
  if (dropped_of_little_ > 0) {
    told.push_back({{}, std::exchange(dropped_of_little_, 0), true});
  }
  if (others_.dropped > 0) told.push_back({{}, std::exchange(others_.dropped, 0)});
  for (auto& [address, account] : addresses_) {
    if (account.dropped == 0 || told.size() == kToldMax) continue;
    told.push_back({address, std::exchange(account.dropped, 0)});
  }
  return told;
}

void AgentBudget::sweep(std::uint64_t now_us) {
  const auto rested = [now_us](Account& account) {
    return std::all_of(account.buckets.begin(), account.buckets.end(),
                       [now_us](TokenBucket& bucket) { return bucket.is_full(now_us); });
  };
  for (auto at = instances_.begin(); at != instances_.end();) {
    at = rested(at->second) ? instances_.erase(at) : std::next(at);
  }
  for (auto at = addresses_.begin(); at != addresses_.end();) {
    AddressAccount& one = at->second;
    const bool rests = one.dropped == 0 && rested(one.any) && rested(one.when_killed);
    at = rests ? addresses_.erase(at) : std::next(at);
  }
}

}  // namespace estop::control
