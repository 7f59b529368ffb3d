// SPDX-License-Identifier: Apache-2.0

// Kills as an operator sees them, against the plain request-reply of the same broker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/load.h"
#include "tests/bench/raw_client.h"

namespace estop::bench {

struct OperatorAccess {
  std::string url;
  std::string creds_file;
  schemas::Segment name;
};

// Microseconds from sending the order to reading "fenced", for `count` addresses `<prefix>-<n>` of
// acme/bench.
[[nodiscard]] std::vector<double> kills_us(const OperatorAccess& access, const std::string& prefix,
                                           std::size_t count);

// Microseconds of `count` requests to run_responder, one after the other, with nats.c's own
// blocking call.
[[nodiscard]] std::vector<double> requests_us(const RawOptions& options, const std::string& subject,
                                              std::size_t count);

struct FenceCheck {
  std::uint64_t before = 0;     // sent before the order, and arrived
  std::uint64_t in_flight = 0;  // sent between the order and "fenced", and arrived
  std::uint64_t after = 0;      // sent after the operator read "fenced", and arrived all the same
  std::uint64_t refused = 0;
};

// Kills the sender of `lane` while it floods; it goes on sending for a second.
[[nodiscard]] FenceCheck kill_under_flood(const OperatorAccess& access, const Lane& lane);

// Nanoseconds of one Agent::stop_requested() of a connected agent.
[[nodiscard]] double stop_requested_ns(const std::string& url, const std::string& address,
                                       const std::string& creds_file,
                                       const std::string& control_key);

}  // namespace estop::bench
