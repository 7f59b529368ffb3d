// SPDX-License-Identifier: Apache-2.0
#include "control/app/config.h"

#include <unistd.h>

#include <tuple>
#include <utility>

#include "broker-bridge/daemon/checks.h"
#include "broker-bridge/daemon/log.h"
#include "broker-bridge/nats/url.h"

namespace estop::control {

using daemon::bad_option;
using schemas::Result;

namespace {

constexpr std::uint32_t kSharingGraceMin_ms = 1'000;
constexpr std::uint32_t kSharingGraceMax_ms = 600'000;
constexpr std::uint32_t kBeatsPerBridgeLease = 4;  // as the bridges have it
constexpr std::uint32_t kBeatsPerAgentLease = 3;

std::string or_below(const std::string& given, const std::string& folder, const char* below) {
  return given.empty() ? folder + below : given;
}

Result<schemas::SigningKey> read_log_key(const ControlConfig& config) {
  const std::string path = or_below(config.log_key, config.data, "/keys/log.seed");
  const char* option = config.log_key.empty() ? "--data" : "--log-key";
  auto seed = daemon::option_file(option, path, {.is_secret = true});
  if (!seed) return schemas::passed_on(seed);
  seed->erase(seed->find_last_not_of(" \r\n\t") + 1);
  auto key = schemas::SigningKey::from_seed(*seed);
  if (!key) return bad_option("{}: {}: {}", option, path, key.error().detail);
  return key;
}

}  // namespace

Result<void> validate(const ControlConfig& config) {
  if (config.data.empty()) return bad_option("--data is missing: the data folder");
  if (config.url.empty())
    return bad_option("--url is empty: give the broker, as nats://127.0.0.1:4222");
  if (auto urls = nats::parse_urls(config.url); !urls) {
    return bad_option("--url: {}", urls.error().detail);
  }
  if (auto listen =
          daemon::check_listen(config.listen, config.listen_tls.is_given(), config.listen_plain);
      !listen) {
    return listen;
  }
  for (const std::string& what : config.second_operator) {
    if (what != kSecondForResume && what != kSecondForFleetKill) {
      return bad_option("--second-operator '{}': {}, {} or both", what, kSecondForResume,
                        kSecondForFleetKill);
    }
  }
  if (auto format = daemon::parse_log_format(config.log_format); !format) {
    return bad_option("--log-format '{}': {}", config.log_format, format.error().detail);
  }
  if (config.sharing_grace_ms < kSharingGraceMin_ms ||
      config.sharing_grace_ms > kSharingGraceMax_ms) {
    return bad_option("--sharing-grace-ms {}: {} to {}", config.sharing_grace_ms,
                      kSharingGraceMin_ms, kSharingGraceMax_ms);
  }
  if (config.revoke_silent > kClientsMax) {
    return bad_option("--revoke-silent {}: 1 to {} connections, or 0 for never",
                      config.revoke_silent, kClientsMax);
  }
  if (config.snapshot_every < kSnapshotEveryMin_records) {
    return bad_option("--snapshot-every {}: {} records or more", config.snapshot_every,
                      kSnapshotEveryMin_records);
  }
  if (auto fits = daemon::check_lease("bridge", config.bridge_beat_ms, config.bridge_lease_ms,
                                      kBeatsPerBridgeLease);
      !fits) {
    return fits;
  }
  return daemon::check_lease("agent", config.agent_beat_ms, config.agent_lease_ms,
                             kBeatsPerAgentLease);
}

Result<ControlIdentity> load(const ControlConfig& config) {
  if (auto valid = validate(config); !valid) return schemas::passed_on(valid);
  if (auto ca = daemon::check_certificates("--tls-ca", config.tls_ca); !ca) {
    return schemas::passed_on(ca);
  }
  if (auto tls = daemon::open_tls(config.listen_tls); !tls) return schemas::passed_on(tls);
  const std::string agents =
      or_below(config.agents_creds, config.data, "/creds/control-agents.creds");
  const std::string control =
      or_below(config.control_creds, config.data, "/creds/control-control.creds");
  const std::string sys_file = config.data + "/creds/control-sys.creds";
  const std::string sys = ::access(sys_file.c_str(), F_OK) == 0 ? sys_file : std::string();
  std::vector<BrokerAccount> accounts;
  for (const auto& [name, path, option] :
       {std::tuple{"AGENTS", agents, config.agents_creds.empty() ? "--data" : "--agents-creds"},
        std::tuple{"CONTROL", control, config.control_creds.empty() ? "--data" : "--control-creds"},
        std::tuple{"SYS", sys, "--data"}}) {
    if (path.empty()) continue;
    const auto creds = daemon::option_creds(option, path);
    if (!creds) return schemas::passed_on(creds);
    accounts.push_back({name, creds->issuer});
  }
  const schemas::PublicKey operators = accounts.at(1).key;
  auto log_key = read_log_key(config);
  if (!log_key) return schemas::passed_on(log_key);
  auto endpoint = daemon::parse_endpoint("--listen", config.listen);
  return ControlIdentity{
      schemas::Subjects::standard(),
      std::move(*log_key),
      operators,
      agents,
      control,
      sys,
      std::move(accounts),
      config.data + "/control",
      {std::move(endpoint->host), endpoint->port, config.listen_tls, config.listen_plain, {}}};
}

}  // namespace estop::control
