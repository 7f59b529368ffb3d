#include "broker-bridge/app/config.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "broker-bridge/nats/url.h"
#include "broker-bridge/ops/log.h"
#include "schemas/order.h"

namespace estop::bridge {

using schemas::Errc;
using schemas::Result;

namespace {

constexpr std::uint32_t kBeatMin_ms = 20;
constexpr std::uint32_t kLeaseMax_ms = 600'000;
constexpr std::uint32_t kBeatsPerLease = 4;  // of which it forwards in three: see options.cc

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
  if (!file.good() && !file.eof()) return bad("{}: cannot read {}", option, path);
  if (text.empty()) return bad("{}: {} is missing, empty or not readable", option, path);
  return text;
}

// A public key's text has no slash and no dot; everything else is a path.
Result<schemas::PublicKey> read_public_key(const std::string& text_or_path) {
  if (auto key = schemas::public_key_from_text(text_or_path)) return key;
  auto text = read_file(text_or_path, "--control-key");
  if (!text) return tl::make_unexpected(std::move(text.error()));
  text->erase(text->find_last_not_of(" \r\n\t") + 1);
  auto key = schemas::public_key_from_text(*text);
  if (!key) return bad("--control-key: {}: {}", text_or_path, key.error().detail);
  return key;
}

}  // namespace

Result<void> validate(const BridgeConfig& config) {
  if (!schemas::is_segment(config.id)) {
    return bad("--id '{}': use lower-case letters, digits, - and _, at most 63", config.id);
  }
  if (!schemas::is_segment(config.prefix)) {
    return bad("--prefix '{}': use lower-case letters, digits, - and _, at most 63", config.prefix);
  }
  if (config.url.empty()) return bad("--url is empty: give the broker, as nats://127.0.0.1:4222");
  if (auto urls = nats::parse_urls(config.url); !urls) return bad("--url: {}", urls.error().detail);
  if (config.agents_creds.empty()) return bad("--agents-creds is missing: a .creds file");
  if (config.control_creds.empty()) return bad("--control-creds is missing: a .creds file");
  if (config.control_key.empty()) return bad("--control-key is missing: log.pub or its text");
  if (config.beat_ms < kBeatMin_ms) {
    return bad("--bridge-beat-ms {}: at least {}", config.beat_ms, kBeatMin_ms);
  }
  if (config.lease_ms > kLeaseMax_ms || config.lease_ms / kBeatsPerLease < config.beat_ms) {
    return bad("--bridge-lease-ms {}: at least {} times the beat ({} ms) and at most {}",
               config.lease_ms, kBeatsPerLease, config.beat_ms, kLeaseMax_ms);
  }
  if (!parse_endpoint(config.listen)) {
    return bad("--listen '{}': an IP address and a port, as 127.0.0.1:0", config.listen);
  }
  if (auto format = ops::parse_log_format(config.log_format); !format) {
    return bad("--log-format: {}", format.error().detail);
  }
  return {};
}

Result<BridgeIdentity> load(const BridgeConfig& config) {
  if (auto valid = validate(config); !valid) return tl::make_unexpected(std::move(valid.error()));
  if (!config.tls_ca.empty()) {
    if (auto ca = read_file(config.tls_ca, "--tls-ca"); !ca) return tl::make_unexpected(ca.error());
  }
  auto agents = read_file(config.agents_creds, "--agents-creds");
  if (!agents) return tl::make_unexpected(std::move(agents.error()));
  auto control = read_file(config.control_creds, "--control-creds");
  if (!control) return tl::make_unexpected(std::move(control.error()));
  auto own_key = schemas::key_from_creds(*control);
  if (!own_key) return bad("--control-creds: {}: {}", config.control_creds, own_key.error().detail);
  const auto operators = schemas::issuer_from_creds(*control);
  if (!operators)
    return bad("--control-creds: {}: {}", config.control_creds, operators.error().detail);
  auto control_key = read_public_key(config.control_key);
  if (!control_key) return tl::make_unexpected(std::move(control_key.error()));
  auto endpoint = parse_endpoint(config.listen);
  return BridgeIdentity{*schemas::Segment::parse(config.id),
                        schemas::Subjects(*schemas::Segment::parse(config.prefix)),
                        std::move(*own_key),
                        *control_key,
                        *operators,
                        std::move(endpoint->host),
                        endpoint->port};
}

}  // namespace estop::bridge
