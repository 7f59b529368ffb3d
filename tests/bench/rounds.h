// SPDX-License-Identifier: Apache-2.0

// The measurements themselves: every round measures Estop and its yardstick one after the other,
// and the table shows medians.
#pragma once

#include <string>
#include <vector>

#include "tests/bench/kills.h"
#include "tests/bench/load.h"
#include "tests/bench/report.h"

namespace estop::bench {

struct Plan {
  std::size_t rounds = 5;
  std::uint64_t intents = 400'000;  // per throughput measurement
  std::size_t latencies = 6'000;    // per latency measurement
  std::size_t kills = 200;          // per kill measurement
};
[[nodiscard]] Plan quick_plan();

// Everything that runs: made by main, measured by the functions below.
struct Bench {
  Lane bridge;      // prefix `estop`: through the bridge
  Lane relay;       // through a relay with the library's defaults
  Lane relay_asap;  // through a relay with SendAsap
  OperatorAccess access;
  RawOptions asker;  // of run_responder
  std::string asker_subject;
  std::vector<Lane> victims;  // one a round
  std::string agent_address;  // of stop_requested()
  std::string agent_creds;
  std::string control_key;
};

[[nodiscard]] std::vector<Row> measure(const Bench& bench, const Plan& plan);

}  // namespace estop::bench
