#include "control/auth/claims.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace estop::control {
namespace {

using nlohmann::json;
using schemas::Errc;
using schemas::fail;
using schemas::Result;
using schemas::SigningKey;

constexpr std::string_view kHeader = R"({"typ":"JWT","alg":"ed25519-nkey"})";
constexpr int kUnlimited = -1;
constexpr int kVersion = 2;

// header.payload.signature. `jti` is the hash of the claims without it, as NATS tools do.
std::string sign_claims(const SigningKey& issuer, const std::string& subject, std::string_view name,
                        std::uint64_t issued_at_s, json nats) {
  nats["version"] = kVersion;
  json claims{{"iat", issued_at_s},
              {"iss", issuer.public_text()},
              {"name", name},
              {"nats", std::move(nats)},
              {"sub", subject}};
  claims["jti"] = schemas::hex(schemas::sha256(claims.dump()));
  const std::string text = schemas::base64url(kHeader) + '.' + schemas::base64url(claims.dump());
  const schemas::Signature signature = issuer.sign(text);
  return text + '.' +
         schemas::base64url({reinterpret_cast<const char*>(signature.data()), signature.size()});
}

// nullopt: a letter that is not of the alphabet, or a length that cannot be.
std::optional<std::string> from_base64url(std::string_view text) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  std::uint32_t window = 0;
  int bits = 0;
  for (const char letter : text) {
    const std::size_t value = kLetters.find(letter);
    if (value == std::string_view::npos) return std::nullopt;
    window = (window << 6 | static_cast<std::uint32_t>(value)) & 0x3fff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(window >> bits & 0xff);
  }
  return bytes;
}

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
  return sign_claims(keys.operator_key, keys.operator_key.public_text(), "estop", issued_at_s,
                     {{"type", "operator"}, {"system_account", keys.sys_account.public_text()}});
}

// Nothing is imported, exported or linked. An absent limit means 0, so all stand here.
std::string account_jwt(const Keyring& keys, Account account, std::uint64_t issued_at_s) {
  const int streams = account == Account::kControl ? kUnlimited : 0;
  const json limits{{"subs", kUnlimited},
                    {"conn", kUnlimited},
                    {"leaf", 0},
                    {"imports", 0},
                    {"exports", 0},
                    {"wildcards", false},
                    {"data", kUnlimited},
                    {"payload", kUnlimited},
                    {"mem_storage", streams},
                    {"disk_storage", streams},
                    {"streams", streams},
                    {"consumer", streams}};
  return sign_claims(keys.operator_key, keys.account(account).public_text(), name(account),
                     issued_at_s, {{"type", "account"}, {"limits", limits}});
}

// Only plain NATS connections: no credential opens a leafnode, websocket or MQTT side door.
std::string user_jwt(const Keyring& keys, Account account, const std::string& user,
                     const std::string& name, const Permissions& allowed,
                     std::uint64_t issued_at_s) {
  return sign_claims(keys.account(account), user, name, issued_at_s,
                     {{"type", "user"},
                      {"pub", {{"allow", allowed.publish}}},
                      {"sub", {{"allow", allowed.subscribe}}},
                      {"subs", kUnlimited},
                      {"data", kUnlimited},
                      {"payload", kUnlimited},
                      {"allowed_connection_types", {"STANDARD"}}});
}

Result<UserClaims> read_user_jwt(std::string_view jwt) {
  const std::size_t first = jwt.find('.');
  const std::size_t last = jwt.rfind('.');
  if (first == std::string_view::npos || first == last) {
    return fail(Errc::kMalformed, "not a JWT: it needs three parts");
  }
  const auto header = from_base64url(jwt.substr(0, first));
  const auto payload = from_base64url(jwt.substr(first + 1, last - first - 1));
  const auto signature = from_base64url(jwt.substr(last + 1));
  if (!header || !payload || !signature || *header != kHeader ||
      signature->size() != schemas::Signature{}.size()) {
    return fail(Errc::kMalformed, "not an ed25519-nkey JWT");
  }
  UserClaims claims;
  try {
    claims = user_claims(json::parse(*payload));
  } catch (const json::exception& problem) {
    return fail(Errc::kMalformed, std::string("not the claims of a user: ") + problem.what());
  }
  const auto issuer = schemas::public_key_from_text(claims.issuer);
  schemas::Signature bytes{};
  std::copy(signature->begin(), signature->end(), bytes.begin());
  if (!issuer || !schemas::verify(*issuer, jwt.substr(0, last), bytes)) {
    return fail(Errc::kBadSignature, "the JWT is not signed by its issuer");
  }
  return claims;
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

}  // namespace estop::control
