// SPDX-License-Identifier: Apache-2.0

// The counters of an agent besides its intents. Any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "estop/agent_types.h"
#include "schemas/messages.h"

namespace estop::agent {

class Tally {
 public:
  void report(const Report& report) {
    ++(report.success ? succeeded_ : failed_);
    latency_total_us_ +=
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, report.latency.count()));
    cost_micro_usd_ += report.cost_micro_usd;
    tokens_ += report.tokens;
    api_calls_ += report.api_calls;
  }
  void bad_signature() { ++bad_signatures_; }
  void unsent() { ++unsent_; }  // what control should have heard

  void write(schemas::Beat& beat) const {  // what was reported
    beat.succeeded = succeeded_.load();
    beat.failed = failed_.load();
    beat.latency_total_us = latency_total_us_.load();
    beat.cost_micro_usd = cost_micro_usd_.load();
    beat.tokens = tokens_.load();
    beat.api_calls = api_calls_.load();
  }
  void write(AgentStats& stats) const {  // the rest
    stats.bad_signatures = bad_signatures_.load();
    stats.unsent = unsent_.load();
  }

 private:
  std::atomic<std::uint64_t> succeeded_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> latency_total_us_{0};
  std::atomic<std::uint64_t> cost_micro_usd_{0};
  std::atomic<std::uint64_t> tokens_{0};
  std::atomic<std::uint64_t> api_calls_{0};
  std::atomic<std::uint64_t> bad_signatures_{0};
  std::atomic<std::uint64_t> unsent_{0};
};

}  // namespace estop::agent
