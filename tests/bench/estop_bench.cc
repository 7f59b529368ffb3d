// SPDX-License-Identifier: Apache-2.0

// `./run bench`: Estop and its yardsticks, side by side in one run. Exit code 1 if a goal is
// missed.
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "control/cli/installation.h"
#include "tests/bench/handshakes.h"
#include "tests/bench/running.h"

namespace {

using estop::bench::Plan;
using estop::bench::RawOptions;

int usage() {
  std::cerr << "usage: estop-bench [--quick] [--json]\n"
               "  --quick  fewer and shorter rounds: under two minutes\n"
               "  --json   JSON lines instead of the table\n";
  return 2;
}

// The yardsticks run as children of this same program: MODE URL CREDS PATTERN TARGET.
int run_child(const std::string& mode, const std::vector<std::string>& rest) {
  if (rest.size() != 4) return usage();
  const RawOptions options{rest[0], rest[1], "", mode != "--relay"};
  if (mode == "--responder") return estop::bench::run_responder(options, rest[2]);
  return estop::bench::run_relay(options, rest[2], rest[3]);
}

int run_bench(bool quick, bool json) {
  const Plan plan = quick ? estop::bench::quick_plan() : Plan{};
  const estop::bench::Running running(estop::cli::own_executable(), plan.rounds);
  auto rows = estop::bench::measure(running.bench(), plan);
  estop::bench::measure_handshakes(plan, rows);
  if (json) {
    estop::bench::print_json(std::cout, rows);
  } else {
    estop::bench::print_table(std::cout, rows);
  }
  return estop::bench::all_reached(rows) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (!arguments.empty() &&
        (arguments[0].starts_with("--rel") || arguments[0] == "--responder")) {
      return run_child(arguments[0], {arguments.begin() + 1, arguments.end()});
    }
    bool quick = false;
    bool json = false;
    for (const std::string& argument : arguments) {
      if (argument == "--quick") {
        quick = true;
      } else if (argument == "--json") {
        json = true;
      } else {
        return usage();
      }
    }
    return run_bench(quick, json);
  } catch (const std::exception& error) {
    std::cerr << "estop-bench: " << error.what() << '\n';
    return 1;
  }
}
