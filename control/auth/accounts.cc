// SPDX-License-Identifier: Apache-2.0
#include "control/auth/accounts.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "broker-bridge/daemon/files.h"
#include "control/auth/claims.h"
#include "control/auth/credentials.h"
#include "control/auth/jwt.h"
#include "control/auth/private_file.h"

namespace estop::control {
namespace {

using nlohmann::json;
using schemas::Errc;
using schemas::fail;
using schemas::Result;

constexpr std::string_view kBarTag = "barred:";
constexpr std::size_t kJwtMax_bytes = 1536 * 1024;
static_assert(kJwtMax_bytes < schemas::kBrokerPayloadMax_bytes, "it is pushed as one message");
static_assert(kRevokedMax * 128 < kJwtMax_bytes, "a full one can be read back");

std::string path_of(const std::string& folder, Account account) {
  return folder + "/accounts/" + std::string(name(account)) + ".jwt";
}

// Nothing is imported, exported or linked. An absent limit means 0, so all stand here.
json limits_of(Account account, const AccountClaims& claims) {
  const int streams = account == Account::kControl ? kUnlimited : 0;
  return {{"subs", kUnlimited},
          {"conn", account == Account::kAgents ? claims.agents_max : kUnlimited},
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
}

// Whole numbers only: what get<>() makes of a fraction that is too large is not defined.
std::uint64_t time_in(const json& number) {
  return number.get_ref<const json::number_unsigned_t&>();
}

// Throws json::exception on claims that have another shape.
AccountClaims claims_in(const json& jwt) {
  AccountClaims made;
  made.issued_at_s = time_in(jwt.at("iat"));
  const json& nats = jwt.at("nats");
  if (const json& limits = nats.at("limits"); limits.contains("conn")) {
    const auto connections = limits.at("conn").get_ref<const json::number_integer_t&>();
    const auto bounded = std::min<json::number_integer_t>(connections, kAgentConnectionsMax);
    if (connections > 0) made.agents_max = static_cast<int>(bounded);
  }
  const json revocations = nats.value("revocations", json::object());
  for (const auto& [user, since] : revocations.get_ref<const json::object_t&>()) {
    made.revoked[user] = time_in(since);
  }
  for (const json& tag : nats.value("tags", json::array())) {
    const auto text = tag.get<std::string>();
    if (text.starts_with(kBarTag)) made.barred.insert(text.substr(kBarTag.size()));
  }
  return made;
}

}  // namespace

Connections connections_within(std::size_t descriptors) {
  constexpr int kOtherFiles = 512;    // of the broker: its store, its listeners
  constexpr int kOthersAtLeast = 64;  // operators, bridges and control
  constexpr int kAgentsOf16 = 15;
  constexpr int kMost = kBrokerConnectionsMax + kOtherFiles;
  const int may = std::max(static_cast<int>(std::min<std::size_t>(descriptors, kMost)), 4);
  const int all = may - std::min(kOtherFiles, may / 2);
  return {all, std::min(all * kAgentsOf16 / 16, all - std::min(kOthersAtLeast, all / 2))};
}

std::string account_jwt(const Keyring& keys, Account account, const AccountClaims& claims) {
  json nats{{"type", "account"}, {"limits", limits_of(account, claims)}};
  if (!claims.revoked.empty()) nats["revocations"] = claims.revoked;
  for (const std::string& scope : claims.barred) {
    nats["tags"].push_back(std::string(kBarTag) + scope);
  }
  return sign_jwt(keys.operator_key, keys.account(account).public_text(), name(account),
                  claims.issued_at_s, nats);
}

Result<AccountClaims> read_account_jwt(const Keyring& keys, Account account, std::string_view jwt) {
  const auto opened = open_jwt(jwt);
  if (!opened) return tl::make_unexpected(opened.error());
  try {
    if (opened->at("iss") != keys.operator_key.public_text() ||
        opened->at("sub") != keys.account(account).public_text()) {
      return fail(Errc::kBadSignature, "made for other keys");
    }
    return claims_in(*opened);
  } catch (const json::exception& problem) {
    return fail(Errc::kMalformed, std::string("not the claims of an account: ") + problem.what());
  }
}

Result<AccountJwts> open_accounts(const std::string& folder, const Keyring& keys,
                                  std::uint64_t now_s) {
  if (auto opened = open_private_folder(folder + "/accounts"); !opened) {
    return tl::make_unexpected(opened.error());
  }
  AccountJwts jwts;
  for (const Account account : kAccounts) {
    const std::string path = path_of(folder, account);
    std::string& jwt = jwts[static_cast<std::size_t>(account)];
    if (file_exists(path)) {
      auto text = read_private_file(path, kJwtMax_bytes);
      if (!text) return tl::make_unexpected(text.error());
      jwt = std::move(*text);
      const auto read = read_account_jwt(keys, account, jwt);
      if (!read) {
        return fail(Errc::kStoreUnavailable,
                    path + ": " + read.error().detail + "; restore it from a backup");
      }
      // Made by a version with other limits.
      if (jwt != account_jwt(keys, account, *read)) {
        AccountClaims claims = *read;
        claims.issued_at_s = std::max(now_s, claims.issued_at_s + 1);
        jwt = account_jwt(keys, account, claims);
        if (auto written = daemon::write_private_file(path, jwt, daemon::Write::kReplace);
            !written) {
          return tl::make_unexpected(written.error());
        }
      }
      continue;
    }
    if (file_exists(register_path(folder))) {
      return fail(Errc::kStoreUnavailable,
                  path + ": is gone, and with it who was revoked; restore it from a backup");
    }
    jwt = account_jwt(keys, account, {.issued_at_s = now_s});
    if (auto written = daemon::write_private_file(path, jwt, daemon::Write::kCreate); !written) {
      return tl::make_unexpected(written.error());
    }
  }
  return jwts;
}

Result<void> write_account(const std::string& folder, const Keyring& keys, Account account,
                           AccountClaims claims, std::uint64_t now_s) {
  if (claims.revoked.size() > kRevokedMax) {
    return fail(Errc::kTooMany,
                "more revoked credentials than the broker can be told of; make a new data folder");
  }
  claims.issued_at_s = std::max(now_s, claims.issued_at_s + 1);
  return daemon::write_private_file(path_of(folder, account), account_jwt(keys, account, claims),
                                    daemon::Write::kReplace);
}

}  // namespace estop::control
