// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/app/config.h"

#include <utility>

#include "broker-bridge/daemon/checks.h"
#include "broker-bridge/daemon/log.h"
#include "broker-bridge/nats/url.h"

namespace estop::bridge {

using daemon::bad_option;
using schemas::Result;

namespace {

constexpr std::uint32_t kBeatsPerLease = 4;  // of which it forwards in three: see options.cc

}  // namespace

Result<void> validate(const BridgeConfig& config) {
  if (auto id = daemon::option_segment("--id", config.id); !id) {
    return schemas::passed_on(id);
  }
  if (config.url.empty())
    return bad_option("--url is empty: give the broker, as nats://127.0.0.1:4222");
  if (auto urls = nats::parse_urls(config.url); !urls) {
    return bad_option("--url: {}", urls.error().detail);
  }
  if (config.agents_creds.empty()) return bad_option("--agents-creds is missing: a .creds file");
  if (config.control_creds.empty()) return bad_option("--control-creds is missing: a .creds file");
  if (config.control_key.empty())
    return bad_option("--control-key is missing: log.pub or its text");
  if (auto fits = daemon::check_lease("bridge", config.beat_ms, config.lease_ms, kBeatsPerLease);
      !fits) {
    return fits;
  }
  if (auto listen =
          daemon::check_listen(config.listen, config.listen_tls.is_given(), config.listen_plain);
      !listen) {
    return listen;
  }
  if (auto format = daemon::parse_log_format(config.log_format); !format) {
    return bad_option("--log-format '{}': {}", config.log_format, format.error().detail);
  }
  return {};
}

Result<BridgeIdentity> load(const BridgeConfig& config) {
  if (auto valid = validate(config); !valid) return schemas::passed_on(valid);
  if (auto ca = daemon::check_certificates("--tls-ca", config.tls_ca); !ca) {
    return schemas::passed_on(ca);
  }
  if (auto tls = daemon::open_tls(config.listen_tls); !tls) return schemas::passed_on(tls);
  if (auto agents = daemon::option_creds("--agents-creds", config.agents_creds); !agents) {
    return schemas::passed_on(agents);
  }
  auto control = daemon::option_creds("--control-creds", config.control_creds);
  if (!control) return schemas::passed_on(control);
  const auto control_key = daemon::option_public_key("--control-key", config.control_key);
  if (!control_key) return schemas::passed_on(control_key);
  auto endpoint = daemon::parse_endpoint("--listen", config.listen);
  return BridgeIdentity{
      *schemas::Segment::parse(config.id),
      schemas::Subjects::standard(),
      std::move(control->key),
      *control_key,
      control->issuer,
      {std::move(endpoint->host), endpoint->port, config.listen_tls, config.listen_plain, {}}};
}

Result<void> check_surroundings(const BridgeConfig& config) {
  return daemon::check_surroundings(config.ready_file, config.log_file, config.listen);
}

}  // namespace estop::bridge
