// SPDX-License-Identifier: Apache-2.0

// The linter for permissions: what a broker would quietly read as more than an allow-list.
#include <algorithm>
#include <array>

#include "control/auth/auth.h"
#include "control/auth/claims.h"

namespace estop::control {
namespace {

using schemas::Errc;
using schemas::fail;
using schemas::Result;

// A wildcard this early covers other roles' subjects, whatever stands behind it.
constexpr std::size_t kLiteralTokens = 2;

bool is_wildcard(std::string_view token) noexcept {
  return token == "*" || token == ">";
}

// An empty text: the subject is fine.
std::string_view problem_of(std::string_view subject) noexcept {
  if (subject.starts_with("_INBOX")) return "the shared inbox of all clients";
  for (std::size_t at = 0, count = 0; at <= subject.size(); ++count) {
    const std::size_t dot = std::min(subject.find('.', at), subject.size());
    const std::string_view token = subject.substr(at, dot - at);
    if (token.empty()) return "an empty token";
    if (token.find_first_of(" \t\r\n") != std::string_view::npos) return "white space";
    if (token == ">" && dot != subject.size()) return "`>` before the end";
    if (is_wildcard(token) && count < kLiteralTokens) return "a wildcard that covers other roles";
    at = dot + 1;
  }
  return {};
}

Result<void> lint_list(std::string_view direction, const std::vector<std::string>& subjects) {
  if (subjects.empty()) {
    return fail(Errc::kNotPermitted,
                std::string(direction) + ": no allow-list, which the broker reads as everything");
  }
  for (const std::string& subject : subjects) {
    if (const std::string_view problem = problem_of(subject); !problem.empty()) {
      return fail(Errc::kNotPermitted,
                  std::string(direction) + " `" + subject + "`: " + std::string(problem));
    }
  }
  return {};
}

// Settings that let somebody in without a credential, or past the client port.
constexpr std::array<std::string_view, 12> kForbiddenSettings{
    "no_auth_user", "leafnodes", "leaf", "gateway", "cluster",         "websocket",
    "mqtt",         "users",     "user", "deny",    "allow_responses", "permissions"};
constexpr std::array<std::string_view, 4> kNeededSettings{"operator", "resolver",
                                                          "resolver_preload", "system_account"};

bool is_word(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The bare words of a configuration: settings, and values without quotes. Comments are skipped.
std::vector<std::string_view> bare_words(std::string_view config) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at < config.size();) {
    const char c = config[at];
    std::size_t end = at + 1;
    if (c == '"' || c == '\'') {
      while (end < config.size() && config[end] != c) end += config[end] == '\\' ? 2 : 1;
      ++end;
    } else if (c == '#' || config.substr(at, 2) == "//") {
      end = config.find('\n', at);
    } else if (is_word(c)) {
      while (end < config.size() && is_word(config[end])) ++end;
      words.push_back(config.substr(at, end - at));
    }
    at = end;
  }
  return words;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

bool has_word(const std::vector<std::string_view>& words, std::string_view wanted) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return equal_ignoring_case(word, wanted); });
}

}  // namespace

Result<void> lint_permissions(const Permissions& permissions) {
  if (auto linted = lint_list("publish", permissions.publish); !linted) return linted;
  return lint_list("subscribe", permissions.subscribe);
}

Result<void> lint_user_jwt(std::string_view jwt) {
  const auto claims = read_user_jwt(jwt);
  if (!claims) return tl::make_unexpected(claims.error());
  if (claims->has_deny) {
    return fail(Errc::kNotPermitted, "a deny list: it leaks where wildcards overlap");
  }
  if (claims->has_responses) {
    return fail(Errc::kNotPermitted, "allowed responses: they bypass the bridge");
  }
  return lint_permissions(claims->allowed);
}

Result<void> lint_broker_config(std::string_view config) {
  const std::vector<std::string_view> words = bare_words(config);
  for (const std::string_view setting : kForbiddenSettings) {
    if (has_word(words, setting)) {
      return fail(Errc::kNotPermitted,
                  "the broker must not be configured with `" + std::string(setting) + "`");
    }
  }
  for (const std::string_view setting : kNeededSettings) {
    if (!has_word(words, setting)) {
      return fail(Errc::kNotPermitted, "the broker's configuration lacks `" + std::string(setting) +
                                           "`: anybody could connect");
    }
  }
  return {};
}

}  // namespace estop::control
