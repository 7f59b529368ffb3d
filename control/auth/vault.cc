// SPDX-License-Identifier: Apache-2.0
#include "control/auth/vault.h"

#include <utility>

#include "control/auth/private_file.h"

namespace estop::control {

using schemas::passed_on;
using schemas::Result;

Result<Vault> Vault::open(const std::string& folder, const Keyring& keys, std::uint64_t now_s) {
  if (auto made = make_folder(folder); !made) return passed_on(made);
  auto lock = daemon::FileLock::wait_for(folder + "/auth.lock");
  if (!lock) return passed_on(lock);
  Vault vault{folder, keys, now_s, std::move(*lock)};
  const auto jwts = open_accounts(folder, keys, now_s);
  if (!jwts) return passed_on(jwts);
  for (const Account account : kAccounts) {
    const auto at = static_cast<std::size_t>(account);
    vault.accounts[at] = *read_account_jwt(keys, account, (*jwts)[at]);
  }
  return vault;
}

Result<void> Vault::write(Account account) {
  return write_account(folder, keys, account, claims(account), now_s);
}

}  // namespace estop::control
