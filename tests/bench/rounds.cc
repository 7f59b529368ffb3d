// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/rounds.h"

#include <thread>

#include "tests/bench/stats.h"

namespace estop::bench {
namespace {

constexpr std::uint64_t kWindow = 20'000;  // intents under way: enough to keep every part busy
constexpr std::size_t kSlices = 20;        // of a latency measurement

// Pairs of (Estop, yardstick), one a round. Load on the machine hits both of a round alike, so the
// ratio is the median of the rounds' ratios.
class Pairs {
 public:
  void add(double ours, double theirs) {
    ours_.push_back(ours);
    theirs_.push_back(theirs);
    ratios_.push_back(theirs > 0 ? ours / theirs : 0);
  }
  [[nodiscard]] Row row(std::string what, std::string key, std::string unit, std::string against,
                        double limit, bool at_least) const {
    Row made{std::move(what),
             std::move(key),
             std::move(unit),
             median(ours_),
             std::move(against),
             median(theirs_),
             median(ratios_),
             {},
             true};
    made.goal = (at_least ? ">= " : "<= ") + std::to_string(limit).substr(0, 3) + " x";
    made.reached = at_least ? made.ratio >= limit : made.ratio <= limit;
    return made;
  }

 private:
  std::vector<double> ours_;
  std::vector<double> theirs_;
  std::vector<double> ratios_;
};

struct Latencies {
  std::vector<double> ours;
  std::vector<double> theirs;
};

// What else runs on the machine comes and goes within a measurement: it goes from one to the other
// in slices, each first in half of them.
Latencies in_turns(Load& ours, Load& theirs, std::size_t count) {
  Latencies all;
  const auto add = [&](Load& load, std::vector<double>& to) {
    const auto slice = load.latencies_us(count / kSlices);
    to.insert(to.end(), slice.begin(), slice.end());
  };
  for (std::size_t slice = 0; slice < kSlices; ++slice) {
    if (slice % 2 == 0) add(theirs, all.theirs);
    add(ours, all.ours);
    if (slice % 2 != 0) add(theirs, all.theirs);
  }
  return all;
}

void measure_intents(const Bench& bench, const Plan& plan, std::vector<Row>& rows) {
  Pairs rate;
  Pairs p50;
  Pairs p99;
  Load bridge(bench.bridge);
  Load relay(bench.relay);
  Load relay_asap(bench.relay_asap);
  for (std::size_t round = 0; round < plan.rounds; ++round) {
    const double relayed = relay.throughput(plan.intents, kWindow);
    rate.add(bridge.throughput(plan.intents, kWindow), relayed);
    const auto latency = in_turns(bridge, relay_asap, plan.latencies);
    p50.add(percentile(latency.ours, 0.5), percentile(latency.theirs, 0.5));
    p99.add(percentile(latency.ours, 0.99), percentile(latency.theirs, 0.99));
  }
  rows.push_back(
      rate.row("intents/s through one bridge", "intents_per_s", "/s", "relay", 0.9, true));
  rows.push_back(p50.row("latency through the bridge, p50", "latency_p50", "us",
                         "relay, SendAsap, p50", 1.0, false));
  rows.push_back(p99.row("latency through the bridge, p99", "latency_p99", "us",
                         "relay, SendAsap, p99", 1.0, false));
}

void measure_idle_kills(const Bench& bench, const Plan& plan, std::vector<Row>& rows) {
  Pairs p50;
  Pairs p99;
  for (std::size_t round = 0; round < plan.rounds; ++round) {
    const auto theirs = requests_us(bench.asker, bench.asker_subject, plan.kills);
    const auto ours = kills_us(bench.access, "idle-" + std::to_string(round), plan.kills);
    p50.add(percentile(ours, 0.5), percentile(theirs, 0.5));
    p99.add(percentile(ours, 0.99), percentile(theirs, 0.99));
  }
  rows.push_back(p50.row("kill to fenced, idle, p50", "kill_idle_p50", "us", "request-reply, p50",
                         3.0, false));
  rows.push_back(p99.row("kill to fenced, idle, p99", "kill_idle_p99", "us", "request-reply, p99",
                         5.0, false));
  rows.back().is_required = false;
}

void measure_saturated_kills(const Bench& bench, const Plan& plan, std::vector<Row>& rows) {
  std::vector<double> p50;
  std::vector<double> p99;
  Load load(bench.bridge);
  std::jthread busy([&](const std::stop_token& stop) { load.saturate(kWindow, stop); });
  for (std::size_t round = 0; round < plan.rounds; ++round) {
    const auto ours = kills_us(bench.access, "busy-" + std::to_string(round), plan.kills / 4);
    p50.push_back(percentile(ours, 0.5));
    p99.push_back(percentile(ours, 0.99));
  }
  busy.request_stop();
  busy.join();
  rows.push_back({"kill to fenced, bridge saturated, p50",
                  "kill_saturated_p50",
                  "us",
                  median(p50),
                  {},
                  0,
                  0,
                  {},
                  true});
  rows.push_back({"kill to fenced, bridge saturated, p99",
                  "kill_saturated_p99",
                  "us",
                  median(p99),
                  {},
                  0,
                  0,
                  "<= 10000",
                  median(p99) <= 10'000,
                  false});
}

void measure_fence(const Bench& bench, std::vector<Row>& rows) {
  std::uint64_t after = 0;
  std::uint64_t refused = 0;
  for (const Lane& victim : bench.victims) {
    const FenceCheck check = kill_under_flood(bench.access, victim);
    after += check.after;
    refused += check.refused;
  }
  rows.push_back({"intents delivered after the fence",
                  "after_fence",
                  "",
                  static_cast<double>(after),
                  {},
                  0,
                  0,
                  "0",
                  after == 0 && refused > 0});
  rows.push_back({"intents refused while killed",
                  "refused_while_killed",
                  "",
                  static_cast<double>(refused),
                  {},
                  0,
                  0,
                  "> 0",
                  refused > 0});
}

}  // namespace

Plan quick_plan() {
  return {3, 150'000, 1'000, 60};
}

std::vector<Row> measure(const Bench& bench, const Plan& plan) {
  std::vector<Row> rows;
  measure_intents(bench, plan, rows);
  measure_idle_kills(bench, plan, rows);
  measure_saturated_kills(bench, plan, rows);
  measure_fence(bench, rows);
  const double check_ns = stop_requested_ns(bench.bridge.url, bench.agent_address,
                                            bench.agent_creds, bench.control_key);
  rows.push_back({"Agent::stop_requested()",
                  "stop_requested",
                  "ns",
                  check_ns,
                  {},
                  0,
                  0,
                  "<= 5",
                  check_ns <= 5,
                  false});
  return rows;
}

}  // namespace estop::bench
