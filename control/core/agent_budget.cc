#include "control/core/agent_budget.h"

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

double beats_per_s(std::uint32_t beat_ms) {
  return 1'000.0 / std::max(beat_ms, 10U);
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
      others_(of_address_, of_killed_) {}

bool AgentBudget::admits(AgentSays what, std::string_view address, std::string_view instance,
                         std::uint64_t now_us) {
  AddressAccount& whole = account_of(address);
  Account* one = account_of(address, instance);
  const bool may = (one == nullptr || one->buckets[place(what)].take(1, now_us)) &&
                   whole.any.buckets[place(what)].take(1, now_us);
  if (!may) ++whole.dropped;
  return may;
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
