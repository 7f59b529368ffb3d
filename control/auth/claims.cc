// SPDX-License-Identifier: Apache-2.0
#include "control/auth/claims.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "control/auth/jwt.h"
#include "schemas/limits.h"

namespace estop::control {
namespace {

using nlohmann::json;
using schemas::Errc;
using schemas::fail;
using schemas::Result;

std::vector<std::string> allow_list(const json& nats, const char* direction) {
  const auto lists = nats.find(direction);
  if (lists == nats.end() || !lists->contains("allow")) return {};
  return lists->at("allow").get<std::vector<std::string>>();
}

bool has_deny(const json& nats, const char* direction) {
  const auto lists = nats.find(direction);
  return lists != nats.end() && lists->contains("deny") && !lists->at("deny").empty();
}

// Throws json::exception on claims that have another shape.
UserClaims user_claims(const json& claims) {
  const json& nats = claims.at("nats");
  UserClaims made;
  made.user = claims.at("sub").get<std::string>();
  made.issuer = claims.at("iss").get<std::string>();
  if (const auto iat = claims.find("iat"); iat != claims.end())
    made.issued_at_s = iat->get_ref<const json::number_unsigned_t&>();  // get() would cast a 1e30
  made.allowed = {allow_list(nats, "pub"), allow_list(nats, "sub")};
  made.has_deny = has_deny(nats, "pub") || has_deny(nats, "sub");
  made.has_responses = nats.contains("resp");
  return made;
}

struct RoleName {
  std::string operator()(const AgentRole& role) const { return "agent-" + role.address.tokens(); }
  std::string operator()(const BridgeRole& role) const { return "bridge-" + role.id.text(); }
  std::string operator()(const ControlRole&) const { return "control"; }
  std::string operator()(const OperatorRole& role) const { return "operator-" + role.name.text(); }
  std::string operator()(const ViewerRole& role) const { return "viewer-" + role.name.text(); }
};

}  // namespace

std::string operator_jwt(const Keyring& keys, std::uint64_t issued_at_s) {
  return sign_jwt(keys.operator_key, keys.operator_key.public_text(), "estop", issued_at_s,
                  {{"type", "operator"}, {"system_account", keys.sys_account.public_text()}});
}

// Only plain NATS connections: no credential opens a leafnode, websocket or MQTT side door.
std::string user_jwt(const Keyring& keys, Account account, const std::string& user,
                     const std::string& name, const Permissions& allowed,
                     std::uint64_t issued_at_s) {
  return sign_jwt(keys.account(account), user, name, issued_at_s,
                  {{"type", "user"},
                   {"pub", {{"allow", allowed.publish}}},
                   {"sub", {{"allow", allowed.subscribe}}},
                   {"subs", schemas::kSubscriptionsMax},
                   {"data", kUnlimited},
                   {"payload", schemas::kMessageMax_bytes},
                   {"allowed_connection_types", {"STANDARD"}}});
}

Result<UserClaims> read_user_jwt(std::string_view jwt) {
  const auto opened = open_jwt(jwt);
  if (!opened) return tl::make_unexpected(opened.error());
  try {
    return user_claims(*opened);
  } catch (const json::exception& problem) {
    return fail(Errc::kMalformed, std::string("not the claims of a user: ") + problem.what());
  }
}

std::string_view jwt_in_creds(std::string_view creds) {
  constexpr std::string_view kBegin = "-----BEGIN NATS USER JWT-----\n";
  const std::size_t begin = creds.find(kBegin);
  if (begin == std::string_view::npos) return {};
  creds.remove_prefix(begin + kBegin.size());
  return creds.substr(0, creds.find('\n'));
}

std::string_view name(Account account) noexcept {
  switch (account) {
    case Account::kAgents:
      return "AGENTS";
    case Account::kControl:
      return "CONTROL";
    case Account::kSys:
      return "SYS";
  }
  std::abort();
}

std::string name(const Role& role) {
  return std::visit(RoleName{}, role);
}

std::optional<Role> role_named(std::string_view name) {
  if (name == "control") return ControlRole{};
  const std::size_t dash = std::min(name.find('-'), name.size());
  const std::string_view kind = name.substr(0, dash);
  const std::string_view who = name.substr(std::min(dash + 1, name.size()));
  if (kind == "agent") {
    auto address = schemas::Address::from_tokens(who);
    return address ? std::optional<Role>(AgentRole{std::move(*address)}) : std::nullopt;
  }
  auto segment = schemas::Segment::parse(who);
  if (!segment) return std::nullopt;
  if (kind == "bridge") return BridgeRole{std::move(*segment)};
  if (kind == "operator") return OperatorRole{std::move(*segment)};
  if (kind == "viewer") return ViewerRole{std::move(*segment)};
  return std::nullopt;
}

}  // namespace estop::control
