// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/nats/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace estop::nats {
namespace {

using schemas::Errc;
using schemas::fail;
using schemas::Result;

constexpr std::string_view kSchemeEnd = "://";
constexpr int kDefaultPort = 4222;
constexpr int kPortMax = 65'535;

tl::unexpected<schemas::Error> wrong(std::string_view url, std::string_view why) {
  return fail(Errc::kBadArgument, fmt::format("the broker's url '{}': {}", redacted(url), why));
}

bool is_host_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}
bool is_ipv6_letter(char c) {
  return is_host_letter(c) || c == ':' || c == '%';
}

std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return made;
}

// "host", "host:port", "[::1]:port".
struct Place {
  std::string host;
  std::string_view port;  // empty: not told
  bool is_ipv6 = false;
  bool is_good = false;
};

Place place_of(std::string_view text) {
  Place place;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return place;
    place.is_ipv6 = true;
    place.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    place.host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  if (!rest.empty()) place.port = rest.substr(1);
  const auto is_letter = place.is_ipv6 ? is_ipv6_letter : is_host_letter;
  place.is_good = !place.host.empty() && (rest.empty() || rest.starts_with(':')) &&
                  std::all_of(place.host.begin(), place.host.end(), is_letter);
  return place;
}

// 0: no port.
int port_of(std::string_view text) {
  if (text.empty()) return kDefaultPort;
  int port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  return error == std::errc{} && rest == end && port > 0 && port <= kPortMax ? port : 0;
}

// Where the first of several urls ends: at a comma that the scheme of the next one follows. Other
// commas may be a password's.
std::size_t end_of_first(std::string_view text) {
  for (auto comma = text.find(','); comma != std::string_view::npos;
       comma = text.find(',', comma + 1)) {
    const std::string_view rest = text.substr(comma + 1);
    const auto letters = std::find_if_not(rest.begin(), rest.end(), is_host_letter);
    const auto scheme = static_cast<std::size_t>(letters - rest.begin());
    if (scheme > 0 && rest.substr(scheme).starts_with(kSchemeEnd)) return comma + 1;
  }
  return text.size();
}

Result<Url> parse_url(std::string_view text) {
  const auto scheme_end = text.find(kSchemeEnd);
  const bool has_scheme = scheme_end != std::string_view::npos;
  const std::string scheme = has_scheme ? lower(text.substr(0, scheme_end)) : "nats";
  if (scheme != "nats" && scheme != "tls") {
    return wrong(text, fmt::format("the scheme '{}' is not spoken; write nats:// or tls:// (TLS "
                                   "or no connection)",
                                   scheme));
  }
  std::string_view rest = has_scheme ? text.substr(scheme_end + kSchemeEnd.size()) : text;
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto at = rest.rfind('@');
  const std::string_view user = at == std::string_view::npos ? "" : rest.substr(0, at + 1);
  const Place place = place_of(rest.substr(user.size()));
  const int port = port_of(place.port);
  if (!place.is_good) return wrong(text, "no host; write nats://host:4222 or nats://[::1]:4222");
  if (port == 0) return wrong(text, "no port from 1 to 65535");
  const std::string host = place.is_ipv6 ? '[' + place.host + ']' : place.host;
  return Url{place.host, scheme == "tls", fmt::format("nats://{}{}:{}", user, host, port)};
}

}  // namespace

Result<std::vector<Url>> parse_urls(std::string_view text) {
  std::vector<Url> urls;
  for (std::size_t at = 0; at <= text.size();) {
    const auto comma = std::min(text.find(',', at), text.size());
    const std::string_view one = text.substr(at, comma - at);
    // A comma within a password cuts its url in two. An error may show neither half.
    const bool is_cut = one.find('@') == std::string_view::npos &&
                        text.find('@', comma) != std::string_view::npos && !parse_url(one);
    if (is_cut) return wrong(text, "it cannot be read; is there a comma in the password?");
    if (!one.empty()) {
      auto url = parse_url(one);
      if (!url) return tl::make_unexpected(url.error());
      urls.push_back(std::move(*url));
    }
    at = comma + 1;
  }
  if (urls.empty()) return fail(Errc::kBadArgument, "the broker's url is empty");
  return urls;
}

std::string redacted(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t end = end_of_first(text);
    const std::string_view url = text.substr(0, end);
    const auto scheme_end = url.find(kSchemeEnd);
    const auto start = scheme_end == std::string_view::npos ? 0 : scheme_end + kSchemeEnd.size();
    const auto at = url.rfind('@');
    if (at != std::string_view::npos && at >= start) shown += url.substr(0, start);
    shown += url.substr(at == std::string_view::npos ? 0 : at + 1);
    text.remove_prefix(end);
  }
  return shown;
}

}  // namespace estop::nats
