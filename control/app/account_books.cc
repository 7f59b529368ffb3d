// SPDX-License-Identifier: Apache-2.0
#include "control/app/account_books.h"

#include <algorithm>

#include "control/auth/credentials.h"

namespace estop::control {

using schemas::Errc;
using schemas::fail;
using schemas::Result;

namespace {

bool concerns(const Withdrawal& asked, const Credential& one) {
  if (asked.scope) {
    const auto* agent = std::get_if<AgentRole>(&one.role);
    return agent != nullptr && asked.scope->covers(agent->address);
  }
  const auto& users = asked.users;
  const bool is_named =
      users.empty() || std::find(users.begin(), users.end(), one.user) != users.end();
  return is_named && person(one.role) == asked.who;
}

}  // namespace

Result<Books> read_books(const std::string& data, const Keyring& keys, std::uint64_t now_s) {
  auto jwts = open_accounts(data, keys, now_s);
  if (!jwts) return tl::make_unexpected(jwts.error());
  const auto agents = read_account_jwt(keys, Account::kAgents, jwts->front());
  if (!agents) return tl::make_unexpected(agents.error());
  const auto people = read_account_jwt(keys, Account::kControl,
                                       (*jwts)[static_cast<std::size_t>(Account::kControl)]);
  if (!people) return tl::make_unexpected(people.error());
  Books books{std::move(*jwts), 0, {agents->barred.begin(), agents->barred.end()}};
  for (const auto& [user, at_s] : people->revoked) {
    if (const auto key = schemas::public_key_from_text(user)) books.operators_revoked.insert(*key);
  }
  return books;
}

Result<Books> withdraw(const std::string& data, const Keyring& keys, const Withdrawal& asked,
                       std::uint64_t now_s) {
  const auto whom = [&](const Credential& one) { return concerns(asked, one); };
  const auto revoked =
      revoke_credentials(data, keys, whom, now_s, asked.scope ? &*asked.scope : nullptr);
  if (!revoked) return tl::make_unexpected(revoked.error());
  const auto all = list_credentials(data, keys);
  if (!all) return tl::make_unexpected(all.error());
  auto books = read_books(data, keys, now_s);
  if (!books) return books;
  books->revoked = static_cast<std::size_t>(std::count_if(all->begin(), all->end(), whom));
  if (books->revoked == 0 && !asked.scope) {
    return fail(Errc::kNotFound, "nobody of the name " + asked.who + " was given a credential");
  }
  return books;
}

Result<Books> renew(const std::string& data, const Keyring& keys, Account account,
                    std::uint64_t now_s) {
  if (auto renewed = renew_account(data, keys, account, now_s); !renewed) {
    return tl::make_unexpected(renewed.error());
  }
  return read_books(data, keys, now_s);
}

Result<Books> readmit(const std::string& data, const Keyring& keys, const schemas::Scope& scope,
                      std::uint64_t now_s) {
  if (auto lifted = lift_bar(data, keys, scope, now_s); !lifted) {
    return tl::make_unexpected(lifted.error());
  }
  return read_books(data, keys, now_s);
}

}  // namespace estop::control
