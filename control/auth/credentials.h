// SPDX-License-Identifier: Apache-2.0

// The register of a data folder: which credentials exist. Issues, replaces and withdraws them.
//
// <folder>/credentials.jsonl holds public data only, a line for each user key ever issued. The
// account's JWT says which are revoked (accounts.h). Every change of either holds
// <folder>/auth.lock. So a credential is issued either before a revocation, which then covers it,
// or after its bar, which refuses it (H40). Any thread and any process may call anything; each call
// blocks for the disk.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "control/auth/auth.h"

namespace estop::control {

struct Credential {
  Role role;
  Account account = Account::kAgents;
  std::string user;  // `U…`
  std::uint64_t issued_at_s = 0;
  std::uint64_t revoked_at_s = 0;  // 0: valid
};

// "acme/prod/mailer", "b1", "control", "alice": as the command line names it.
[[nodiscard]] std::string person(const Role& role);
// "agent", "bridge", "control", "operator", "admin", "viewer".
[[nodiscard]] std::string_view kind(const Role& role) noexcept;
// The scope of an operator's orders; the fleet for any other role.
[[nodiscard]] schemas::Scope reach_of(const Role& role);
// The accounts in which the role has a user.
[[nodiscard]] std::vector<Account> accounts_of(const Role& role, const schemas::Subjects& subjects);

[[nodiscard]] std::string register_path(const std::string& folder);
// Oldest first.
[[nodiscard]] schemas::Result<std::vector<Credential>> list_credentials(const std::string& folder,
                                                                        const Keyring& keys);

enum class Issue : std::uint8_t {
  // A valid credential stays. A revoked one, or one with more rights, is replaced by a new key: a
  // holder of a copy would keep the former rights.
  kIfNeeded,
  kAnew,  // a new key in any case; every older one of the role is revoked
};
// Paths of the .creds files, one for each account of the role. kNotPermitted: the address is under
// a kill that revoked it; kBadArgument: the name belongs to another role.
[[nodiscard]] schemas::Result<std::vector<std::string>> issue_creds(
    const std::string& folder, const Keyring& keys, const Role& role,
    const schemas::Subjects& subjects, std::uint64_t now_s, Issue how);

// The same file once more, 0600. kStoreUnavailable: there is one of that name.
[[nodiscard]] schemas::Result<void> copy_creds(const std::string& path, const std::string& to);

using Whom = std::function<bool(const Credential&)>;
// Revokes every valid credential that `whom` names; with a scope, its addresses get no new one
// until lift_bar. Returns the credentials that this call revoked. The broker does not know of it
// yet.
[[nodiscard]] schemas::Result<std::vector<Credential>> revoke_credentials(
    const std::string& folder, const Keyring& keys, const Whom& whom, std::uint64_t now_s,
    const schemas::Scope* bar = nullptr);
// Issues an account's JWT anew, unchanged: a broker that lost its file accepts no JWT that it had
// before.
[[nodiscard]] schemas::Result<void> renew_account(const std::string& folder, const Keyring& keys,
                                                  Account account, std::uint64_t now_s);
// Limits the connections of all agents together to the number that fits their broker.
[[nodiscard]] schemas::Result<void> limit_agents(const std::string& folder, const Keyring& keys,
                                                 int connections, std::uint64_t now_s);
[[nodiscard]] schemas::Result<void> lift_bar(const std::string& folder, const Keyring& keys,
                                             const schemas::Scope& scope, std::uint64_t now_s);

}  // namespace estop::control
