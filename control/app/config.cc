#include "control/app/config.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <tuple>
#include <utility>

#include "broker-bridge/nats/url.h"
#include "broker-bridge/ops/log.h"
#include "schemas/order.h"

namespace estop::control {

using schemas::Errc;
using schemas::Result;

namespace {

constexpr std::uint32_t kBeatMin_ms = 20;
constexpr std::uint32_t kLeaseMax_ms = 600'000;
constexpr std::uint32_t kSharingGraceMin_ms = 1'000;
constexpr std::uint32_t kSharingGraceMax_ms = 600'000;
constexpr std::uint32_t kBeatsPerBridgeLease = 4;  // as the bridges have it
constexpr std::uint32_t kBeatsPerAgentLease = 3;

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  Endpoint endpoint{std::string(text.substr(0, colon)), 0};
  const auto digits = text.substr(colon + 1);
  const char* end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, endpoint.port);
  if (error != std::errc{} || at != end || digits.empty()) return std::nullopt;
  return endpoint;
}

template <class... Args>
tl::unexpected<schemas::Error> bad(fmt::format_string<Args...> text, Args&&... args) {
  return schemas::fail(Errc::kBadArgument, fmt::format(text, std::forward<Args>(args)...));
}

Result<std::string> read_file(const std::string& path, std::string_view option) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.empty()) return bad("{}: {} is missing, empty or not readable", option, path);
  return text;
}

Result<void> check_lease(std::string_view who, std::uint32_t beat_ms, std::uint32_t lease_ms,
                         std::uint32_t beats) {
  if (beat_ms < kBeatMin_ms) {
    return bad("--{}-beat-ms {}: at least {}", who, beat_ms, kBeatMin_ms);
  }
  if (lease_ms > kLeaseMax_ms || lease_ms / beats < beat_ms) {
    return bad("--{}-lease-ms {}: at least {} times the beat ({} ms) and at most {}", who, lease_ms,
               beats, beat_ms, kLeaseMax_ms);
  }
  return {};
}

std::string or_below(const std::string& given, const std::string& folder, const char* below) {
  return given.empty() ? folder + below : given;
}

}  // namespace

Result<void> validate(const ControlConfig& config) {
  if (config.data.empty()) return bad("--data is missing: the data folder");
  if (!schemas::is_segment(config.prefix)) {
    return bad("--prefix '{}': use lower-case letters, digits, - and _, at most 63", config.prefix);
  }
  if (config.url.empty()) return bad("--url is empty: give the broker, as nats://127.0.0.1:4222");
  if (auto urls = nats::parse_urls(config.url); !urls) return bad("--url: {}", urls.error().detail);
  if (!parse_endpoint(config.listen)) {
    return bad("--listen '{}': an IP address and a port, as 127.0.0.1:0", config.listen);
  }
  for (const std::string& what : config.second_operator) {
    if (what != kSecondForResume && what != kSecondForFleetKill) {
      return bad("--second-operator '{}': {}, {} or both", what, kSecondForResume,
                 kSecondForFleetKill);
    }
  }
  if (auto format = ops::parse_log_format(config.log_format); !format) {
    return bad("--log-format: {}", format.error().detail);
  }
  if (config.sharing_grace_ms < kSharingGraceMin_ms ||
      config.sharing_grace_ms > kSharingGraceMax_ms) {
    return bad("--sharing-grace-ms {}: {} to {}", config.sharing_grace_ms, kSharingGraceMin_ms,
               kSharingGraceMax_ms);
  }
  if (auto fits = check_lease("bridge", config.bridge_beat_ms, config.bridge_lease_ms,
                              kBeatsPerBridgeLease);
      !fits) {
    return fits;
  }
  return check_lease("agent", config.agent_beat_ms, config.agent_lease_ms, kBeatsPerAgentLease);
}

Result<ControlIdentity> load(const ControlConfig& config) {
  if (auto valid = validate(config); !valid) return tl::make_unexpected(std::move(valid.error()));
  if (!config.tls_ca.empty()) {
    if (auto ca = read_file(config.tls_ca, "--tls-ca"); !ca) return tl::make_unexpected(ca.error());
  }
  const std::string agents =
      or_below(config.agents_creds, config.data, "/creds/control-agents.creds");
  const std::string control =
      or_below(config.control_creds, config.data, "/creds/control-control.creds");
  std::error_code ignored;
  const std::string sys_file = config.data + "/creds/control-sys.creds";
  const std::string sys = std::filesystem::exists(sys_file, ignored) ? sys_file : std::string();
  std::vector<BrokerAccount> accounts;
  for (const auto& [name, path, option] :
       {std::tuple{"AGENTS", agents, "--agents-creds"},
        std::tuple{"CONTROL", control, "--control-creds"}, std::tuple{"SYS", sys, "--data"}}) {
    if (path.empty()) continue;
    auto text = read_file(path, option);
    if (!text) return tl::make_unexpected(text.error());
    const auto issuer = schemas::issuer_from_creds(*text);
    if (!issuer) return bad("{}: {}: {}", option, path, issuer.error().detail);
    accounts.push_back({name, *issuer});
  }
  const schemas::PublicKey operators = accounts.at(1).key;
  const std::string key_file = or_below(config.log_key, config.data, "/keys/log.seed");
  auto seed = read_file(key_file, "--log-key");
  if (!seed) return tl::make_unexpected(std::move(seed.error()));
  seed->erase(seed->find_last_not_of(" \r\n\t") + 1);
  auto key = schemas::SigningKey::from_seed(*seed);
  if (!key) return bad("--log-key: {}: {}", key_file, key.error().detail);
  auto endpoint = parse_endpoint(config.listen);
  return ControlIdentity{schemas::Subjects(*schemas::Segment::parse(config.prefix)),
                         std::move(*key),
                         operators,
                         agents,
                         control,
                         sys,
                         std::move(accounts),
                         config.data + "/control",
                         std::move(endpoint->host),
                         endpoint->port};
}

}  // namespace estop::control
