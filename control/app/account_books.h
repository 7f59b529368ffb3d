// SPDX-License-Identifier: Apache-2.0

// The claims writer's work on the files of the data folder, before it pushes to the broker. Blocks
// for the disk; any thread.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "control/auth/accounts.h"
#include "control/core/events.h"

namespace estop::control {

struct Books {
  AccountJwts jwts;                                  // what the broker has to have
  std::size_t revoked = 0;                           // of what was to be revoked, also before
  std::vector<std::string> barred{};                 // scopes
  std::set<schemas::PublicKey> operators_revoked{};  // users of CONTROL
};

[[nodiscard]] schemas::Result<Books> read_books(const std::string& data, const Keyring& keys,
                                                std::uint64_t now_s);
// kNotFound: nobody of that name was given a credential.
[[nodiscard]] schemas::Result<Books> withdraw(const std::string& data, const Keyring& keys,
                                              const Withdrawal& asked, std::uint64_t now_s);
// The same account, issued anew.
[[nodiscard]] schemas::Result<Books> renew(const std::string& data, const Keyring& keys,
                                           Account account, std::uint64_t now_s);
[[nodiscard]] schemas::Result<Books> readmit(const std::string& data, const Keyring& keys,
                                             const schemas::Scope& scope, std::uint64_t now_s);

}  // namespace estop::control
