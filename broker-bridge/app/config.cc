// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/app/config.h"

#include <utility>

#include "broker-bridge/daemon/checks.h"
#include "broker-bridge/daemon/log.h"
#include "broker-bridge/nats/url.h"
#include "schemas/order.h"

namespace estop::bridge {

using daemon::bad_option;
using schemas::Result;

namespace {

constexpr std::uint32_t kBeatMin_ms = 20;
constexpr std::uint32_t kLeaseMax_ms = 600'000;
constexpr std::uint32_t kBeatsPerLease = 4;  // of which it forwards in three: see options.cc

// The text of a `.creds` file that holds a key and who issued it.
Result<std::string> read_creds(std::string_view option, const std::string& path) {
  auto text = daemon::option_file(option, path, daemon::FileRules{.is_secret = true});
  if (!text) return text;
  const auto key = schemas::key_from_creds(*text);
  if (!key) return bad_option("{}: {}: {}", option, path, key.error().detail);
  const auto issuer = schemas::issuer_from_creds(*text);
  if (!issuer) return bad_option("{}: {}: {}", option, path, issuer.error().detail);
  return text;
}

}  // namespace

Result<void> validate(const BridgeConfig& config) {
  if (!schemas::is_segment(config.id)) {
    return bad_option("--id '{}': use lower-case letters, digits, - and _, at most 63", config.id);
  }
  if (!schemas::is_segment(config.prefix)) {
    return bad_option("--prefix '{}': use lower-case letters, digits, - and _, at most 63",
                      config.prefix);
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
  if (config.beat_ms < kBeatMin_ms) {
    return bad_option("--bridge-beat-ms {}: at least {}", config.beat_ms, kBeatMin_ms);
  }
  if (config.lease_ms > kLeaseMax_ms || config.lease_ms / kBeatsPerLease < config.beat_ms) {
    return bad_option("--bridge-lease-ms {}: at least {} times the beat ({} ms) and at most {}",
                      config.lease_ms, kBeatsPerLease, config.beat_ms, kLeaseMax_ms);
  }
  if (auto listen = daemon::parse_endpoint("--listen", config.listen); !listen) {
    return schemas::passed_on(listen);
  }
  if (auto format = daemon::parse_log_format(config.log_format); !format) {
    return bad_option("--log-format '{}': {}", config.log_format, format.error().detail);
  }
  return {};
}

Result<BridgeIdentity> load(const BridgeConfig& config) {
  if (auto valid = validate(config); !valid) return schemas::passed_on(valid);
  if (!config.tls_ca.empty()) {
    if (auto ca = daemon::check_certificates("--tls-ca", config.tls_ca); !ca) {
      return schemas::passed_on(ca);
    }
  }
  if (auto agents = read_creds("--agents-creds", config.agents_creds); !agents) {
    return schemas::passed_on(agents);
  }
  const auto control = read_creds("--control-creds", config.control_creds);
  if (!control) return schemas::passed_on(control);
  const auto control_key = daemon::option_public_key("--control-key", config.control_key);
  if (!control_key) return schemas::passed_on(control_key);
  auto endpoint = daemon::parse_endpoint("--listen", config.listen);
  return BridgeIdentity{*schemas::Segment::parse(config.id),
                        schemas::Subjects(*schemas::Segment::parse(config.prefix)),
                        std::move(*schemas::key_from_creds(*control)),
                        *control_key,
                        *schemas::issuer_from_creds(*control),
                        std::move(endpoint->host),
                        endpoint->port};
}

Result<void> check_surroundings(const BridgeConfig& config) {
  for (const auto& [option, path] :
       {std::pair{"--ready-file", &config.ready_file}, std::pair{"--log-file", &config.log_file}}) {
    if (path->empty()) continue;
    if (auto may = daemon::can_write(option, *path); !may) return may;
  }
  const auto endpoint = daemon::parse_endpoint("--listen", config.listen);
  return endpoint ? daemon::can_listen("--listen", *endpoint) : schemas::passed_on(endpoint);
}

}  // namespace estop::bridge
