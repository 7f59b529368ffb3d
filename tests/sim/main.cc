// SPDX-License-Identifier: Apache-2.0

// estop-sim: runs seeds until one breaks an invariant. Exit code 1 if one did.
#include <CLI/CLI.hpp>

#include <atomic>
#include <csignal>
#include <iostream>
#include <map>

#include "tests/sim/campaign.h"

namespace {

using estop::sim::CampaignOptions;
using estop::sim::Mode;
using estop::sim::Trace;

std::atomic<bool> interrupted{false};

int replay(std::uint64_t seed, const CampaignOptions& options, bool trace) {
  bool failed = false;
  for (const Mode mode : options.modes) {
    const auto outcome = estop::sim::run(seed, mode, options.steps,
                                         trace ? Trace(Trace::kAll, &std::cout) : Trace());
    std::cout << "history " << std::hex << outcome.hash << std::dec << '\n';
    if (!outcome.violation) continue;
    std::cout << "VIOLATION of " << outcome.violation->invariant << ": " << outcome.violation->text
              << '\n';
    failed = true;
  }
  return failed ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  CampaignOptions options;
  std::uint64_t seed = 0;
  bool trace = false;
  CLI::App app{"Runs the real shells of Estop in a simulated world, from one seed a run."};
  app.add_option("--seeds", options.seeds, "How many; 0: until Ctrl-C")->capture_default_str();
  app.add_option("--from", options.from, "The first one")->capture_default_str();
  app.add_option("--jobs", options.jobs, "Threads")->capture_default_str();
  app.add_option("--steps", options.steps, "Of a run while faults strike")->capture_default_str();
  const std::map<std::string, Mode> modes{{"safety", Mode::kSafety}, {"liveness", Mode::kLiveness}};
  app.add_option("--mode", options.modes, "Both, if not told")
      ->transform(CLI::CheckedTransformer(modes));
  auto* one = app.add_option("--seed", seed, "Only this one");
  app.add_flag("--trace", trace, "Show its history")->needs(one);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (*one) return replay(seed, options, trace);
  std::signal(SIGINT, [](int) { interrupted = true; });
  const auto result = campaign(options, interrupted);
  print(std::cout, options, result);
  return result.violation ? 1 : 0;
}
