// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/app/options.h"

#include "broker-bridge/daemon/random.h"

namespace estop::bridge {

namespace {

constexpr Nanos kMs = 1'000'000;
constexpr std::size_t kUnsentMax_bytes = 512 * 1024;  // what can lie before a receipt
constexpr Nanos kReplayRetry = 250 * kMs;
// The last part of a lease is not for forwarding: for so long the kernel may send again what was
// forwarded before and lost on the way. When control has counted the lease down, it has arrived or
// is dropped, and nothing comes behind the fence.
constexpr std::uint32_t kArrivalPart = 4;

}  // namespace

Nanos arrival_time(const BridgeConfig& config) {
  return config.lease_ms / kArrivalPart * kMs;
}

BridgeOptions core_options(const BridgeConfig& config, const BridgeIdentity& identity) {
  BridgeOptions options;
  options.id = identity.id;
  options.own_key = identity.own_key.public_key();
  options.control_key = identity.control_key;
  options.operators_key = identity.operators_key;
  options.subjects = identity.subjects;
  options.obeys_fleet_orders = !config.no_fleet_orders;
  options.beat = config.beat_ms * kMs;
  options.lease = config.lease_ms * kMs - arrival_time(config);
  options.arrival = arrival_time(config);
  options.replay_retry = kReplayRetry;
  options.process = schemas::process_from(daemon::random_number());
  options.first_nonce = daemon::random_number() | 1;
  options.gate.hash_seed = daemon::random_number();
  return options;
}

nats::ConnectOptions connect_options(const BridgeConfig& config, const std::string& creds) {
  nats::ConnectOptions options;
  options.unanswered_pings_max = nats::kUnansweredPingsMax;
  options.url = config.url;
  options.name = "estop-bridge " + config.id;
  options.creds_file = creds;
  options.tls_ca_file = config.tls_ca;
  options.write_pause_bytes = kUnsentMax_bytes;
  options.unconfirmed_max = nats::Millis(arrival_time(config) / kMs);
  return options;
}

}  // namespace estop::bridge
