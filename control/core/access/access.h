// SPDX-License-Identifier: Apache-2.0

// Credentials: the third ring of a kill, revocations by name, and the check whether more clients
// use a credential than it was issued to.
//
// The fence comes first, then the runtimes' receipts, then the broker: a runtime that is cut off
// can confirm nothing any more, and within its grace it may still save its work.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "control/core/access/clients.h"
#include "control/core/agents/registry.h"
#include "control/core/core_options.h"
#include "control/core/log/ledger.h"
#include "control/core/orders/op_table.h"
#include "control/core/orders/orders.h"
#include "control/core/turn.h"

namespace estop::control {

class Access {
 public:
  // All outlive it.
  Access(const CoreOptions& options, const Ledger& ledger, const OpTable& ops,
         const Registry& registry, const Orders& orders);

  [[nodiscard]] static schemas::Result<void> may_revoke(const CommandReceived& asked,
                                                        const KillCommand& kill);
  // Whether what this key signed proves nothing any more, as of the newest look at the accounts.
  [[nodiscard]] bool is_revoked(const schemas::PublicKey& key) const {
    return revoked_.contains(key);
  }
  // Once the kill is fenced, and its runtimes have confirmed or their time is over.
  void want_revocation(const CommandReceived& asked, const KillCommand& kill,
                       const std::string& op_id, Now now);
  void on(const CredentialsRevoked& revoked, Turn& turn);
  void on(const AccountsCompared& compared, Turn& turn);
  void on(const ClientsHeard& heard, Turn& turn);
  void revoke_fenced(Turn& turn);
  void look_at_clients(const Tick& tick, Turn& turn);

 private:
  // A kill whose credentials are still to be withdrawn: after the runtimes have confirmed or their
  // time is over, and after a pause behind a failed attempt. It ends with its order.
  struct Revocation {
    Withdrawal withdrawal;
    std::uint64_t patience_until_us = 0;
    std::uint64_t again_us = 0;
  };

  const Ledger& ledger_;
  const OpTable& ops_;
  const Registry& registry_;
  const Orders& orders_;
  Clients clients_;
  std::map<std::string, Revocation> revocations_;  // by op id
  std::set<schemas::PublicKey> revoked_;           // at most kRevokedMax, as in the account
  std::uint64_t next_clients_us_ = 0;
  std::uint64_t deaf_since_us_ = 0;  // no messages of agents arrive; 0: they do
};

}  // namespace estop::control
