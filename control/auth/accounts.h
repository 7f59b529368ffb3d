// SPDX-License-Identifier: Apache-2.0

// The JWTs of the three accounts. They are state: the revocations stand in them, signed by the
// operator's key, and nowhere else.
//
// Kept in <folder>/accounts/{AGENTS,CONTROL,SYS}.jwt, 0600, replaced as a whole. The broker's
// resolver folder is a copy that may get lost: the broker is configured with these texts, and
// control's claims writer compares the broker's JWTs with them. Any thread may call anything.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "control/auth/auth.h"

namespace estop::control {

// Limits of the broker, and of all agents together. The difference is for operators, bridges and
// control, whatever an agent's credential does. (The bridges' and control's own connections in
// AGENTS count there, too.)
inline constexpr int kBrokerConnectionsMax = 65'536;
inline constexpr int kAgentConnectionsMax = 61'440;
// The same for a broker that may open only so many descriptors: without a free descriptor it
// refuses every client.
struct Connections {
  int all = kBrokerConnectionsMax;
  int agents = kAgentConnectionsMax;
};
[[nodiscard]] Connections connections_within(std::size_t descriptors);

// Each costs about 100 bytes of a JWT, which is pushed as one message.
inline constexpr std::size_t kRevokedMax = 8'192;

struct AccountClaims {
  std::uint64_t issued_at_s = 0;
  // Public text of a user's key → its credentials issued up to then (seconds since 1970) are
  // refused.
  std::map<std::string, std::uint64_t> revoked{};
  // Scopes whose addresses get no new credential: killed and revoked, and not resumed since.
  std::set<std::string> barred{};
  int agents_max = kAgentConnectionsMax;  // connections; of the account AGENTS alone
  friend bool operator==(const AccountClaims&, const AccountClaims&) = default;
};

[[nodiscard]] std::string account_jwt(const Keyring& keys, Account account,
                                      const AccountClaims& claims);
// kBadSignature also if it was made for other keys.
[[nodiscard]] schemas::Result<AccountClaims> read_account_jwt(const Keyring& keys, Account account,
                                                              std::string_view jwt);

inline constexpr std::array kAccounts{Account::kAgents, Account::kControl, Account::kSys};
using AccountJwts = std::array<std::string, kAccounts.size()>;  // in that order

// The accounts of the folder, made if it is a new one. kStoreUnavailable: a file is damaged, or is
// gone although credentials were issued: then the revocations are not known any more.
[[nodiscard]] schemas::Result<AccountJwts> open_accounts(const std::string& folder,
                                                         const Keyring& keys, std::uint64_t now_s);
// Replaces one. Its time of issue is later than that of the one before it, whatever the clock says.
[[nodiscard]] schemas::Result<void> write_account(const std::string& folder, const Keyring& keys,
                                                  Account account, AccountClaims claims,
                                                  std::uint64_t now_s);

// The broker's configuration with these accounts instead of new ones.
[[nodiscard]] std::string broker_config(const Keyring& keys, const BrokerOptions& options,
                                        std::uint64_t issued_at_s, const AccountJwts& accounts);

}  // namespace estop::control
