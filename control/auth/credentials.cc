// SPDX-License-Identifier: Apache-2.0
#include "control/auth/credentials.h"

#include <algorithm>
#include <array>
#include <optional>

#include "broker-bridge/daemon/files.h"
#include "control/auth/claims.h"
#include "control/auth/private_file.h"
#include "control/auth/register.h"
#include "control/auth/vault.h"

namespace estop::control {
namespace {

using schemas::Errc;
using schemas::fail;
using schemas::KeyRole;
using schemas::passed_on;
using schemas::Result;
using schemas::SigningKey;
using schemas::Subjects;

std::string creds_path(const std::string& folder, const Role& role, Account account) {
  const bool several =
      std::holds_alternative<BridgeRole>(role) || std::holds_alternative<ControlRole>(role);
  constexpr std::array<std::string_view, 3> kSuffixes{"-agents", "-control", "-sys"};
  const std::string suffix(several ? kSuffixes[static_cast<std::size_t>(account)] : "");
  return folder + "/creds/" + name(role) + suffix + ".creds";
}

struct Found {
  SigningKey user;
  Permissions allowed;
  std::uint64_t issued_at_s;
};

Result<Found> read_creds(const std::string& path, const SigningKey& account) {
  const auto text = read_private_file(path);
  if (!text) return passed_on(text);
  auto user = schemas::key_from_creds(*text);
  auto claims = read_user_jwt(jwt_in_creds(*text));
  if (!user || !claims || claims->user != user->public_text() || !text->ends_with("------\n")) {
    return fail(Errc::kStoreUnavailable,
                path + ": damaged or half written; remove it to have a new one made");
  }
  if (claims->issuer != account.public_text()) {
    return fail(Errc::kStoreUnavailable, path + ": made for other keys; remove it");
  }
  const bool plain = !claims->has_deny && !claims->has_responses;
  return Found{std::move(*user), plain ? std::move(claims->allowed) : Permissions{},
               claims->issued_at_s};
}

// Another role that has this role's name and is not revoked, if any: its file. Both would read the
// same inbox.
std::optional<std::string> rival_file(Vault& vault, const Role& role) {
  if (std::holds_alternative<AgentRole>(role) || std::holds_alternative<ControlRole>(role)) {
    return std::nullopt;
  }
  const schemas::Segment own = *schemas::Segment::parse(person(role));
  for (const Role& rival :
       {Role(BridgeRole{own}), Role(OperatorRole{own}), Role(ViewerRole{own})}) {
    const std::string path = creds_path(vault.folder, rival, Account::kControl);
    if (rival.index() == role.index() || !file_exists(path)) continue;
    const auto found = read_creds(path, vault.keys.account(Account::kControl));
    const bool is_over = found && vault.is_revoked(Account::kControl, found->user.public_text());
    if (!is_over) return path;
  }
  return std::nullopt;
}

// H40: whoever was killed and revoked gets nothing new before the resume.
Result<void> check_bar(Vault& vault, const Role& role) {
  const auto* agent = std::get_if<AgentRole>(&role);
  if (agent == nullptr) return {};
  for (const std::string& text : vault.claims(Account::kAgents).barred) {
    const auto scope = schemas::Scope::parse(text);
    if (scope && !scope->covers(agent->address)) continue;
    return fail(Errc::kNotPermitted, agent->address.text() + " is under a kill of " + text +
                                         " that revoked its credential; resume that scope first");
  }
  return {};
}

Result<void> check(Vault& vault, const Role& role, Account account, const Subjects& subjects) {
  const auto allowed = permissions(role, account, subjects);
  if (!allowed) {
    return fail(Errc::kBadArgument,
                name(role) + " has no user in the account " + std::string(name(account)));
  }
  if (auto linted = lint_permissions(*allowed); !linted) return linted;
  if (auto opened = open_private_folder(vault.folder + "/creds"); !opened) return opened;
  if (const auto rival = rival_file(vault, role)) {
    return fail(Errc::kBadArgument, name(role) + ": the name is taken by " + *rival);
  }
  return {};
}

// The register first: a key that it does not know could not be revoked by name.
Result<void> write_creds(Vault& vault, const Role& role, Account account, const SigningKey& user,
                         const Permissions& allowed, daemon::Write how) {
  if (auto added = add_to_register(vault.folder, {role, account, user.public_text(), vault.now_s});
      !added) {
    return added;
  }
  return daemon::write_private_file(
      creds_path(vault.folder, role, account),
      creds_text(user, vault.keys, role, account, allowed, vault.now_s), how);
}

Result<bool> is_registered(Vault& vault, const std::string& user) {
  const auto known = read_register(vault.folder);
  if (!known) return passed_on(known);
  return std::any_of(known->begin(), known->end(),
                     [&](const Credential& one) { return one.user == user; });
}

enum class Replace { kNever, kRevoked, kAlways };

Result<std::string> open_one(Vault& vault, const Role& role, Account account,
                             const Subjects& subjects, Replace replace) {
  if (auto checked = check(vault, role, account, subjects); !checked) return passed_on(checked);
  const Permissions allowed = *permissions(role, account, subjects);
  const std::string path = creds_path(vault.folder, role, account);
  const bool is_there = file_exists(path);
  if (is_there && replace != Replace::kAlways) {
    auto found = read_creds(path, vault.keys.account(account));
    if (!found) return passed_on(found);
    const std::string user = found->user.public_text();
    if (!vault.is_revoked(account, user)) {
      const auto known = is_registered(vault, user);
      if (!known) return passed_on(known);
      if (*known && found->allowed == allowed) return path;
      auto written =
          write_creds(vault, role, account, found->user, allowed, daemon::Write::kReplace);
      if (!written) return passed_on(written);
      return path;
    }
    if (replace == Replace::kNever) {
      return fail(Errc::kUnauthenticated,
                  path + ": was revoked; `estop auth` makes a new one for " + person(role));
    }
  }
  if (auto barred = check_bar(vault, role); !barred) return passed_on(barred);
  auto written = write_creds(vault, role, account, SigningKey::generate(KeyRole::kUser), allowed,
                             is_there ? daemon::Write::kReplace : daemon::Write::kCreate);
  if (!written) return passed_on(written);
  return path;
}

Result<std::vector<Credential>> revoke_in(Vault& vault, const Whom& whom,
                                          const schemas::Scope* bar) {
  auto known = read_register(vault.folder);
  if (!known) return passed_on(known);
  std::vector<Credential> revoked;
  std::array<bool, kAccounts.size()> changed{};
  for (Credential& one : *known) {
    if (vault.is_revoked(one.account, one.user) || !whom(one)) continue;
    // Also one that was issued before the clock went back.
    one.revoked_at_s = std::max(vault.now_s, one.issued_at_s);
    vault.claims(one.account).revoked[one.user] = one.revoked_at_s;
    changed[static_cast<std::size_t>(one.account)] = true;
    revoked.push_back(std::move(one));
  }
  if (bar != nullptr) {
    changed[static_cast<std::size_t>(Account::kAgents)] |=
        vault.claims(Account::kAgents).barred.insert(bar->text()).second;
  }
  for (const Account account : kAccounts) {
    if (!changed[static_cast<std::size_t>(account)]) continue;
    if (auto written = vault.write(account); !written) return passed_on(written);
  }
  return revoked;
}

// Whether a valid credential of the same person may do what the role may not.
bool has_more(Vault& vault, const std::vector<Credential>& known, const Role& role) {
  const auto* now = std::get_if<OperatorRole>(&role);
  if (now == nullptr) return false;
  return std::any_of(known.begin(), known.end(), [&](const Credential& one) {
    const auto* before = std::get_if<OperatorRole>(&one.role);
    if (before == nullptr || before->name != now->name) return false;
    if (vault.is_revoked(one.account, one.user)) return false;
    return (before->is_admin && !now->is_admin) || !now->reach.covers(before->reach);
  });
}

}  // namespace

std::vector<Account> accounts_of(const Role& role, const Subjects& subjects) {
  std::vector<Account> found;
  for (const Account account : kAccounts) {
    if (permissions(role, account, subjects)) found.push_back(account);
  }
  return found;
}

Result<std::string> open_creds(const std::string& folder, const Keyring& keys, const Role& role,
                               Account account, const Subjects& subjects,
                               std::uint64_t issued_at_s) {
  auto vault = Vault::open(folder, keys, issued_at_s);
  if (!vault) return passed_on(vault);
  return open_one(*vault, role, account, subjects, Replace::kNever);
}

Result<std::vector<std::string>> issue_creds(const std::string& folder, const Keyring& keys,
                                             const Role& role, const Subjects& subjects,
                                             std::uint64_t now_s, Issue how) {
  auto vault = Vault::open(folder, keys, now_s);
  if (!vault) return passed_on(vault);
  const auto before = read_register(folder);
  if (!before) return passed_on(before);
  const auto accounts = accounts_of(role, subjects);
  for (const Account account : accounts) {  // all of them, before the first is written
    if (auto checked = check(*vault, role, account, subjects); !checked) return passed_on(checked);
  }
  if (how == Issue::kIfNeeded && has_more(*vault, *before, role)) how = Issue::kAnew;
  std::vector<std::string> paths;
  for (const Account account : accounts) {
    auto path = open_one(*vault, role, account, subjects,
                         how == Issue::kAnew ? Replace::kAlways : Replace::kRevoked);
    if (!path) return passed_on(path);
    paths.push_back(std::move(*path));
  }
  if (paths.empty()) {
    return fail(Errc::kBadArgument, name(role) + ": the name `control` belongs to control alone");
  }
  if (how == Issue::kIfNeeded) return paths;
  const auto is_older = [&](const Credential& one) {
    return name(one.role) == name(role) &&
           std::any_of(before->begin(), before->end(),
                       [&](const Credential& old) { return old.user == one.user; });
  };
  if (auto revoked = revoke_in(*vault, is_older, nullptr); !revoked) return passed_on(revoked);
  return paths;
}

Result<void> copy_creds(const std::string& path, const std::string& to) {
  const auto text = read_private_file(path);
  if (!text) return passed_on(text);
  return daemon::write_private_file(to, *text, daemon::Write::kCreate);
}

Result<std::vector<Credential>> list_credentials(const std::string& folder, const Keyring& keys) {
  auto known = read_register(folder);
  if (!known || known->empty()) return known;
  auto vault = Vault::open(folder, keys, known->back().issued_at_s);
  if (!vault) return passed_on(vault);
  for (Credential& one : *known) {
    const auto& revoked = vault->claims(one.account).revoked;
    if (const auto found = revoked.find(one.user); found != revoked.end()) {
      one.revoked_at_s = found->second;
    }
  }
  return known;
}

Result<std::vector<Credential>> revoke_credentials(const std::string& folder, const Keyring& keys,
                                                   const Whom& whom, std::uint64_t now_s,
                                                   const schemas::Scope* bar) {
  auto vault = Vault::open(folder, keys, now_s);
  if (!vault) return passed_on(vault);
  return revoke_in(*vault, whom, bar);
}

Result<void> renew_account(const std::string& folder, const Keyring& keys, Account account,
                           std::uint64_t now_s) {
  auto vault = Vault::open(folder, keys, now_s);
  if (!vault) return passed_on(vault);
  return vault->write(account);
}

Result<void> limit_agents(const std::string& folder, const Keyring& keys, int connections,
                          std::uint64_t now_s) {
  auto vault = Vault::open(folder, keys, now_s);
  if (!vault) return passed_on(vault);
  if (vault->claims(Account::kAgents).agents_max == connections) return {};
  vault->claims(Account::kAgents).agents_max = connections;
  return vault->write(Account::kAgents);
}

Result<void> lift_bar(const std::string& folder, const Keyring& keys, const schemas::Scope& scope,
                      std::uint64_t now_s) {
  auto vault = Vault::open(folder, keys, now_s);
  if (!vault) return passed_on(vault);
  if (vault->claims(Account::kAgents).barred.erase(scope.text()) == 0) return {};
  return vault->write(Account::kAgents);
}

}  // namespace estop::control
