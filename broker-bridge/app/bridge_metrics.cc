// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/app/bridge_metrics.h"

#include <algorithm>
#include <string>

namespace estop::bridge {

namespace metric = daemon::metric;
using schemas::BridgeState;

namespace {

// The numbers of metric::kBridgeState.
double number(BridgeState state) noexcept {
  switch (state) {
    case BridgeState::kReplaying:
      return 1;
    case BridgeState::kJoining:
      return 2;
    case BridgeState::kOpen:
      return 3;
    case BridgeState::kLeaving:
      return 4;
  }
  return 0;
}

}  // namespace

BridgeMetrics::BridgeMetrics()
    : forwarded_(metrics_.counter(metric::kBridgeForwarded)),
      after_fence_(metrics_.counter(metric::kBridgeAfterFence)),
      bad_frames_(metrics_.counter(metric::kBridgeBadFrames)),
      ignored_replies_(metrics_.counter(metric::kBridgeIgnoredReplies)),
      lease_(metrics_.gauge(metric::kBridgeLease)),
      state_(metrics_.gauge(metric::kBridgeState)),
      log_head_(metrics_.gauge(metric::kBridgeLogHead)),
      kills_(metrics_.gauge(metric::kBridgeKills)),
      addresses_(metrics_.gauge(metric::kBridgeAddresses)),
      kill_latch_(metrics_.histogram(metric::kBridgeKillLatch)),
      refused_(metrics_.counters_of_errors(metric::kBridgeRefused, "reason")) {
  for (const BridgeMessage what : kBridgeMessages) {
    unsent_.emplace(what,
                    metrics_.counter(metric::kBridgeUnsent, {{"what", std::string(name(what))}}));
  }
}

std::string_view name(BridgeMessage what) noexcept {
  switch (what) {
    case BridgeMessage::kBeat:
      return "beat";
    case BridgeMessage::kReceipt:
      return "receipt";
    case BridgeMessage::kLatched:
      return "latched";
    case BridgeMessage::kRefusal:
      return "refusal";
  }
  return "unknown";
}

void BridgeMetrics::unsent(BridgeMessage what) {
  unsent_.at(what).add();
}

void BridgeMetrics::refused(schemas::Errc code) {
  const auto known = refused_.find(code);
  (known != refused_.end() ? known : refused_.find(schemas::Errc::kInternal))->second.add();
}

std::string BridgeMetrics::text(const BridgeStatus& status) {
  forwarded_.raise_to(static_cast<double>(status.counters.forwarded));
  after_fence_.raise_to(static_cast<double>(status.counters.after_fence));
  bad_frames_.raise_to(static_cast<double>(status.counters.bad_frames));
  lease_.set(static_cast<double>(status.lease_left) / 1e9);
  state_.set(number(status.state));
  log_head_.set(static_cast<double>(status.applied.seq));
  kills_.set(static_cast<double>(status.kills));
  addresses_.set(static_cast<double>(status.scopes));
  return metrics_.text();
}

}  // namespace estop::bridge
