// SPDX-License-Identifier: Apache-2.0
#include "schemas/address.h"

#include <array>
#include <ostream>

#include <fmt/format.h>

#include "schemas/limits.h"

namespace estop::schemas {
namespace {

// 1: may start a segment, 2: may stand inside one. One table look-up a byte, also for the bridge's
// hot path.
constexpr std::array<std::uint8_t, 256> kClass = [] {
  std::array<std::uint8_t, 256> table{};
  for (unsigned char c = 'a'; c <= 'z'; ++c) table[c] = 3;
  for (unsigned char c = '0'; c <= '9'; ++c) table[c] = 3;
  table['-'] = 2;
  table['_'] = 2;
  return table;
}();

constexpr bool starts(char c) noexcept {
  return (kClass[static_cast<unsigned char>(c)] & 1) != 0;
}
constexpr bool inside(char c) noexcept {
  return (kClass[static_cast<unsigned char>(c)] & 2) != 0;
}

// Number of dot-separated segments if every one is clean, otherwise 0.
std::size_t count_segments(std::string_view text) noexcept {
  std::size_t segments = 0;
  std::size_t length = 0;
  for (const char c : text) {
    if (c == '.') {
      if (length == 0) return 0;
      length = 0;
      continue;
    }
    if (length == 0) {
      if (!starts(c)) return 0;
      ++segments;
    } else if (!inside(c)) {
      return 0;
    }
    if (++length > kSegmentMax_bytes) return 0;
  }
  return length == 0 ? 0 : segments;
}

// Bytes that a terminal or a log could misread are shown as \xNN, and long input is cut.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 80)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '\\') {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return text.size() > 80 ? out + "…" : out;
}

constexpr std::string_view kSegmentRule =
    "1 to 63 of a-z, 0-9, '_' and '-', beginning with a letter or digit";

std::string replaced(std::string text, char from, char to) {
  for (char& c : text) {
    if (c == from) c = to;
  }
  return text;
}

std::string_view token(std::string_view tokens, std::size_t index) noexcept {
  for (; index > 0; --index) {
    const auto dot = tokens.find('.');
    if (dot == std::string_view::npos) return {};
    tokens.remove_prefix(dot + 1);
  }
  return tokens.substr(0, tokens.find('.'));
}

// True if `tokens` is `prefix` or continues it after a dot.
bool below(std::string_view tokens, std::string_view prefix) noexcept {
  return tokens.starts_with(prefix) &&
         (tokens.size() == prefix.size() || tokens[prefix.size()] == '.');
}

}  // namespace

bool is_segment(std::string_view text) noexcept {
  return text.find('.') == std::string_view::npos && count_segments(text) == 1;
}

bool is_instance(std::string_view text) noexcept {
  if (text.size() < kInstanceMin_bytes || text.size() > kInstanceMax_bytes) return false;
  for (const char c : text) {
    if (!starts(c)) return false;
  }
  return true;
}

bool is_action(std::string_view text) noexcept {
  if (text.size() > kActionMax_bytes) return false;
  const std::size_t segments = count_segments(text);
  return segments >= 1 && segments <= kActionMax_segments;
}

bool is_address_tokens(std::string_view text) noexcept {
  return count_segments(text) == 3;
}

std::string SegmentTag::explain(std::string_view text) {
  return fmt::format("\"{}\" is not a name: use {}", shown(text), kSegmentRule);
}

std::string InstanceTag::explain(std::string_view text) {
  return fmt::format("\"{}\" is not an instance: use 8 to 16 of a-z and 0-9", shown(text));
}

std::string ActionTag::explain(std::string_view text) {
  return fmt::format("\"{}\" is not an action: use up to 6 names with dots between, each {}",
                     shown(text), kSegmentRule);
}

Result<Address> Address::parse(std::string_view text) {
  if (text.find('.') != std::string_view::npos || text.find('/') == std::string_view::npos) {
    return fail(Errc::kBadAddress,
                fmt::format("\"{}\" is not an address: write org/workspace/name", shown(text)));
  }
  std::string tokens = replaced(std::string(text), '/', '.');
  if (!is_address_tokens(tokens)) {
    return fail(Errc::kBadAddress,
                fmt::format("\"{}\" is not an address: write org/workspace/name, each part {}",
                            shown(text), kSegmentRule));
  }
  Address made;
  made.tokens_ = std::move(tokens);
  return made;
}

Result<Address> Address::from_tokens(std::string_view tokens) {
  if (!is_address_tokens(tokens)) {
    return fail(Errc::kBadAddress, fmt::format("\"{}\" is not org.workspace.name, each part {}",
                                               shown(tokens), kSegmentRule));
  }
  Address made;
  made.tokens_ = tokens;
  return made;
}

std::string Address::text() const {
  return replaced(tokens_, '.', '/');
}
std::string_view Address::org() const noexcept {
  return token(tokens_, 0);
}
std::string_view Address::workspace() const noexcept {
  return token(tokens_, 1);
}
std::string_view Address::name() const noexcept {
  return token(tokens_, 2);
}

Scope Scope::of(const Address& address) {
  Scope scope;
  scope.kind_ = Kind::kAgent;
  scope.tokens_ = address.tokens();
  return scope;
}

Scope Scope::of(const Address& address, const Instance& instance) {
  Scope scope;
  scope.kind_ = Kind::kInstance;
  scope.tokens_ = address.tokens() + "." + instance.text();
  return scope;
}

Result<Scope> Scope::parse(std::string_view text) {
  Scope scope;
  if (text == "*") return scope;
  if (text.ends_with("/*")) {
    std::string tokens(text.substr(0, text.size() - 2));
    const bool dotted = tokens.find('.') != std::string::npos;
    tokens = replaced(std::move(tokens), '/', '.');
    const std::size_t segments = dotted ? 0 : count_segments(tokens);
    if (segments == 1 || segments == 2) {
      scope.kind_ = segments == 1 ? Kind::kOrg : Kind::kWorkspace;
      scope.tokens_ = std::move(tokens);
      return scope;
    }
  } else if (const auto at = text.find('@'); at != std::string_view::npos) {
    auto address = Address::parse(text.substr(0, at));
    if (!address) return fail(Errc::kBadScope, address.error().detail);
    auto instance = Instance::parse(text.substr(at + 1));
    if (!instance) return fail(Errc::kBadScope, instance.error().detail);
    return of(*address, *instance);
  } else if (auto address = Address::parse(text)) {
    return of(*address);
  }
  return fail(Errc::kBadScope,
              fmt::format("\"{}\" is not a scope: write org/workspace/name, "
                          "org/workspace/name@instance, org/workspace/*, org/* or *",
                          shown(text)));
}

Result<Scope> Scope::from_tokens(std::string_view tokens) {
  Scope scope;
  const std::size_t segments = count_segments(tokens);
  if (tokens.empty()) return scope;
  if (segments >= 1 && segments <= 3) {
    scope.kind_ = segments == 1 ? Kind::kOrg : segments == 2 ? Kind::kWorkspace : Kind::kAgent;
    scope.tokens_ = std::string(tokens);
    return scope;
  }
  const auto dot = tokens.rfind('.');
  if (dot != std::string_view::npos) {
    const auto address = Address::from_tokens(tokens.substr(0, dot));
    const auto instance = Instance::parse(std::string(tokens.substr(dot + 1)));
    if (address && instance) return of(*address, *instance);
  }
  return fail(Errc::kBadScope, fmt::format("\"{}\" are not the tokens of a scope", shown(tokens)));
}

std::string Scope::text() const {
  switch (kind_) {
    case Kind::kFleet:
      return "*";
    case Kind::kOrg:
    case Kind::kWorkspace:
      return replaced(tokens_, '.', '/') + "/*";
    case Kind::kAgent:
      return replaced(tokens_, '.', '/');
    case Kind::kInstance: {
      const auto dot = tokens_.rfind('.');
      return replaced(tokens_.substr(0, dot), '.', '/') + "@" + tokens_.substr(dot + 1);
    }
  }
  return {};
}

Address Scope::address() const {
  if (kind_ != Kind::kAgent && kind_ != Kind::kInstance) return {};
  const auto end = kind_ == Kind::kAgent ? tokens_.size() : tokens_.rfind('.');
  return Address::from_tokens(std::string_view(tokens_).substr(0, end)).value_or(Address{});
}

bool Scope::covers(const Address& address) const noexcept {
  return kind_ == Kind::kFleet || below(address.tokens(), tokens_);
}

bool Scope::covers(const Address& address, std::string_view instance) const noexcept {
  if (kind_ != Kind::kInstance) return covers(address);
  const std::string_view tokens = tokens_;
  return tokens.size() == address.tokens().size() + 1 + instance.size() &&
         tokens.starts_with(address.tokens()) && tokens.ends_with(instance) &&
         tokens[address.tokens().size()] == '.';
}

bool Scope::covers(const Scope& other) const noexcept {
  return kind_ == Kind::kFleet || (other.kind_ != Kind::kFleet && below(other.tokens_, tokens_));
}

std::ostream& operator<<(std::ostream& out, const Address& address) {
  return out << address.text();
}
std::ostream& operator<<(std::ostream& out, const Scope& scope) {
  return out << scope.text();
}

std::ostream& operator<<(std::ostream& out, Scope::Kind kind) {
  switch (kind) {
    case Scope::Kind::kFleet:
      return out << "fleet";
    case Scope::Kind::kOrg:
      return out << "org";
    case Scope::Kind::kWorkspace:
      return out << "workspace";
    case Scope::Kind::kAgent:
      return out << "agent";
    case Scope::Kind::kInstance:
      return out << "instance";
  }
  return out << "?";
}

}  // namespace estop::schemas
