// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/checks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "broker-bridge/daemon/descriptor.h"
#include "schemas/order.h"

namespace estop::daemon {
namespace {

using schemas::Errc;
using schemas::Result;

constexpr std::string_view kSpace = " \r\n\t";
constexpr std::uint32_t kBeatMin_ms = 20;
constexpr std::uint32_t kLeaseMax_ms = 600'000;

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(kSpace) + 1);
  return text;
}

// The address as the kernel takes it, of either family. Its size, 0: it is none.
socklen_t make_address(const Endpoint& endpoint, sockaddr_storage& out) {
  sockaddr_in four{};
  if (::inet_pton(AF_INET, endpoint.host.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(endpoint.port);
    std::memcpy(&out, &four, sizeof four);
    return sizeof four;
  }
  sockaddr_in6 six{};
  if (::inet_pton(AF_INET6, endpoint.host.c_str(), &six.sin6_addr) != 1) return 0;
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(endpoint.port);
  std::memcpy(&out, &six, sizeof six);
  return sizeof six;
}

bool is_loopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &address, sizeof four);
    return ntohl(four.sin_addr.s_addr) >> 24U == IN_LOOPBACKNET;
  }
  sockaddr_in6 six{};
  std::memcpy(&six, &address, sizeof six);
  return IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
}

// Whether a file can be written there: it, or else its folder.
Result<void> can_write(std::string_view option, const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) {
    return bad_option("{}: {}: is a folder, not a file", option, path);
  }
  if (::access(folder_of(path).c_str(), W_OK | X_OK) == 0) return {};
  return bad_option("{}: {}: cannot write into its folder: {}", option, path, std::strerror(errno));
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view option, std::string_view text) {
  constexpr std::string_view kFix = "give an IP address and a port, as 127.0.0.1:0 or [::1]:9622";
  const auto colon = text.rfind(':');
  std::string_view host = text.substr(0, colon == std::string_view::npos ? 0 : colon);
  const bool in_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (in_brackets) host = host.substr(1, host.size() - 2);
  Endpoint endpoint{std::string(host), 0};
  sockaddr_storage address{};
  const bool is_address = make_address(endpoint, address) != 0;
  if (!is_address || in_brackets != (address.ss_family == AF_INET6)) {
    return bad_option("{} '{}': {}", option, text, kFix);
  }
  const auto digits = text.substr(colon + 1);
  const char* end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, endpoint.port);
  if (digits.empty() || error != std::errc{} || at != end) {
    return bad_option("{} '{}': the port is a number up to 65535: {}", option, text, kFix);
  }
  return endpoint;
}

std::string to_text(const Endpoint& endpoint) {
  const bool is_six = endpoint.host.find(':') != std::string::npos;
  return is_six ? fmt::format("[{}]:{}", endpoint.host, endpoint.port)
                : fmt::format("{}:{}", endpoint.host, endpoint.port);
}

Result<void> can_listen(std::string_view option, const Endpoint& endpoint) {
  sockaddr_storage address{};
  const socklen_t size = make_address(endpoint, address);
  const Descriptor probe(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  if (probe.is_open() &&
      ::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
      ::bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
      ::listen(probe.get(), 1) == 0) {
    return {};
  }
  return schemas::fail(Errc::kNoContact,
                       fmt::format("{} {}: {}: choose another port, or 0 for any free one", option,
                                   to_text(endpoint), std::strerror(errno)));
}

Result<void> check_exposure(const Endpoint& endpoint, bool has_tls, bool is_plain_allowed) {
  sockaddr_storage address{};
  if (has_tls || is_plain_allowed || make_address(endpoint, address) == 0 || is_loopback(address)) {
    return {};
  }
  return bad_option(
      "--listen {}: others could read and change what is said there: give --listen-cert and "
      "--listen-key, or --listen-plain if the network is protected",
      to_text(endpoint));
}

Result<void> check_listen(std::string_view listen, bool has_tls, bool is_plain_allowed) {
  const auto endpoint = parse_endpoint("--listen", listen);
  if (!endpoint) return schemas::passed_on(endpoint);
  return check_exposure(*endpoint, has_tls, is_plain_allowed);
}

Result<std::string> option_file(std::string_view option, const std::string& path,
                                const FileRules& rules) {
  auto text = read_file(path, rules);
  if (!text) return bad_option("{}: {}", option, text.error().detail);
  return text;
}

Result<schemas::PublicKey> option_public_key(std::string_view option, const std::string& given) {
  constexpr const char* kSeed = "{}: this is a secret seed: give the public key, as in log.pub";
  if (auto key = schemas::public_key_from_text(trimmed(given))) return key;
  if (schemas::SigningKey::from_seed(trimmed(given))) return bad_option(kSeed, option);
  const auto text = option_file(option, given);
  if (!text) return schemas::passed_on(text);
  if (auto key = schemas::public_key_from_text(trimmed(*text))) return key;
  if (schemas::SigningKey::from_seed(trimmed(*text))) return bad_option(kSeed, option);
  return bad_option("{}: {}: holds no public key: give log.pub of control's data folder", option,
                    given);
}

Result<Creds> option_creds(std::string_view option, const std::string& path) {
  const auto text = option_file(option, path, FileRules{.is_secret = true});
  if (!text) return schemas::passed_on(text);
  auto key = schemas::key_from_creds(*text);
  if (!key) return bad_option("{}: {}: {}", option, path, key.error().detail);
  const auto issuer = schemas::issuer_from_creds(*text);
  if (!issuer) return bad_option("{}: {}: {}", option, path, issuer.error().detail);
  return Creds{std::move(*key), *issuer};
}

Result<schemas::Segment> option_segment(std::string_view option, const std::string& text) {
  if (auto segment = schemas::Segment::parse(text)) return segment;
  return bad_option("{} '{}': use lower-case letters, digits, - and _, at most 63", option, text);
}

Result<void> check_lease(std::string_view whose, std::uint32_t beat_ms, std::uint32_t lease_ms,
                         std::uint32_t beats) {
  if (beat_ms < kBeatMin_ms) {
    return bad_option("--{}-beat-ms {}: at least {}", whose, beat_ms, kBeatMin_ms);
  }
  if (lease_ms <= kLeaseMax_ms && lease_ms / beats >= beat_ms) return {};
  return bad_option("--{}-lease-ms {}: at least {} times the beat ({} ms) and at most {}", whose,
                    lease_ms, beats, beat_ms, kLeaseMax_ms);
}

Result<void> check_certificates(std::string_view option, const std::string& path) {
  if (path.empty()) return {};
  const auto text = option_file(option, path);
  if (!text) return schemas::passed_on(text);
  if (text->find("-----BEGIN CERTIFICATE-----") != std::string::npos) return {};
  return bad_option("{}: {}: holds no certificate: give a PEM file", option, path);
}

Result<void> check_surroundings(const std::string& ready_file, const std::string& log_file,
                                std::string_view listen) {
  for (const auto& [option, path] :
       {std::pair{"--ready-file", &ready_file}, std::pair{"--log-file", &log_file}}) {
    if (path->empty()) continue;
    if (auto may = can_write(option, *path); !may) return may;
  }
  const auto endpoint = parse_endpoint("--listen", listen);
  return endpoint ? can_listen("--listen", *endpoint) : schemas::passed_on(endpoint);
}

ReadyFile::ReadyFile(std::string path) : path_(std::move(path)) {
  if (!path_.empty()) ::unlink(path_.c_str());
}

ReadyFile::~ReadyFile() {
  const auto there = read_file(path_);
  if (!text_.empty() && there && *there == text_) ::unlink(path_.c_str());
}

Result<void> ReadyFile::write(std::uint16_t port) {
  if (path_.empty()) return {};
  text_ = fmt::format("{}\n", port);
  if (auto written = replace_file(path_, text_); !written) {
    return schemas::fail(written.error().code, "--ready-file: " + written.error().detail);
  }
  return {};
}

}  // namespace estop::daemon
