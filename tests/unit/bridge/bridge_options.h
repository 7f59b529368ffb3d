// SPDX-License-Identifier: Apache-2.0

// The bridge of the tests: b1, with the leases of the defaults.
#pragma once

#include "broker-bridge/core/bridge_core.h"
#include "tests/support/operator_creds.h"
#include "tests/unit/bridge/written_log.h"

namespace estop::bridge {

inline constexpr Nanos kMs = 1'000'000;

inline const schemas::Process kProcess = "process1";

inline BridgeOptions bridge_options() {
  BridgeOptions options;
  options.id = schemas::Segment::parse("b1").value();
  options.control_key = control_key().public_key();
  options.own_key = stranger_key().public_key();
  options.operators_key = testing::account_key().public_key();
  options.beat = 500 * kMs;
  options.lease = 5'000 * kMs;
  options.arrival = 1'000 * kMs;
  options.replay_retry = 250 * kMs;
  options.process = kProcess;
  options.first_nonce = 1000;
  return options;
}

}  // namespace estop::bridge
