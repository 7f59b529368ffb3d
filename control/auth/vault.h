// SPDX-License-Identifier: Apache-2.0

// A data folder, locked during a change, and the claims of its accounts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "broker-bridge/daemon/file_lock.h"
#include "control/auth/accounts.h"
#include "control/auth/auth.h"

namespace estop::control {

struct Vault {
  const std::string& folder;  // these two outlive it
  const Keyring& keys;
  std::uint64_t now_s;
  daemon::FileLock lock;
  std::array<AccountClaims, kAccounts.size()> accounts{};

  // Makes missing files. Waits for the holder of the lock.
  [[nodiscard]] static schemas::Result<Vault> open(const std::string& folder, const Keyring& keys,
                                                   std::uint64_t now_s);

  [[nodiscard]] AccountClaims& claims(Account account) {
    return accounts[static_cast<std::size_t>(account)];
  }
  [[nodiscard]] bool is_revoked(Account account, const std::string& user) {
    return claims(account).revoked.contains(user);
  }
  [[nodiscard]] schemas::Result<void> write(Account account);
};

}  // namespace estop::control
