// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/campaign.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <ostream>
#include <thread>

namespace estop::sim {
namespace {

constexpr std::size_t kTailShown = 60;

const char* name(Mode mode) {
  return mode == Mode::kSafety ? "safety" : "liveness";
}

class Workers {
 public:
  Workers(const CampaignOptions& options, const std::atomic<bool>& interrupted)
      : options_(options), interrupted_(interrupted), next_(options.from) {}

  CampaignResult work() {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < options_.jobs; ++i) threads.emplace_back([this] { go(); });
    for (std::thread& thread : threads) thread.join();
    return std::move(result_);
  }

 private:
  void go() {
    while (!interrupted_ && !failed_) {
      const std::uint64_t seed = next_++;
      if (options_.seeds != 0 && seed >= options_.from + options_.seeds) return;
      for (const Mode mode : options_.modes)
        add(seed, mode, run(seed, mode, options_.steps, Trace()));
    }
  }

  void add(std::uint64_t seed, Mode mode, const Outcome& outcome) {
    const std::lock_guard lock(mutex_);
    ++result_.runs;
    result_.steps += outcome.steps;
    result_.simulated += outcome.simulated;
    for (const auto& [what, times] : outcome.counts) result_.counts[what] += times;
    if (!outcome.violation || (result_.violation && result_.seed <= seed)) return;
    failed_ = true;
    result_.violation = outcome.violation;
    result_.seed = seed;
    result_.mode = mode;
  }

  const CampaignOptions& options_;
  const std::atomic<bool>& interrupted_;
  std::atomic<std::uint64_t> next_;
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  CampaignResult result_;
};

}  // namespace

CampaignResult campaign(const CampaignOptions& options, const std::atomic<bool>& interrupted) {
  return Workers(options, interrupted).work();
}

void print(std::ostream& out, const CampaignOptions& options, const CampaignResult& result) {
  out << fmt::format("{} runs from seed {}, {} steps, {:.1f} h simulated\n", result.runs,
                     options.from, result.steps, static_cast<double>(result.simulated) / 3.6e12);
  for (const auto& [what, times] : result.counts) out << fmt::format("{:>12}  {}\n", times, what);
  if (!result.violation) return;
  const auto again = run(result.seed, result.mode, options.steps, Trace(kTailShown));
  for (const std::string& line : again.tail) out << line << '\n';
  out << fmt::format(
      "VIOLATION of {}: {}\nagain: estop-sim --seed {} --mode {} --steps {} --trace\n",
      result.violation->invariant, result.violation->text, result.seed, name(result.mode),
      options.steps);
}

}  // namespace estop::sim
