// SPDX-License-Identifier: Apache-2.0

// One round of the claims writer: compares account by account, pushes those that differ, and
// compares these once more. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "control/auth/accounts.h"

namespace estop::control {

class ClaimsRound {
 public:
  enum class Next : std::uint8_t {
    kCompare,  // ask the broker for what it has of account(); then compared()
    kPush,     // jwt() to the broker; then kCompare
    kRenew,    // issue account() anew; then renewed(), and kPush
    kDone,     // the broker has them all
    kRefused,  // the broker does not take account()
  };
  struct Found {
    Next next = Next::kCompare;
    bool by_another = false;  // somebody else changed what the broker had
    friend bool operator==(const Found&, const Found&) = default;
  };

  // `wanted`: what the broker has to have. `is_look`: nothing was changed before this round.
  // Begins with kCompare.
  ClaimsRound(AccountJwts wanted, bool is_look);

  [[nodiscard]] Account account() const { return kAccounts.at(at_); }
  [[nodiscard]] const std::string& jwt() const { return wanted_.at(at_); }
  // `kept`: what the broker has, empty if it has lost it. `told`: what it had when it was looked at
  // last; is written.
  [[nodiscard]] Found compared(const std::string& kept, AccountJwts& told);
  void renewed(AccountJwts wanted) { wanted_ = std::move(wanted); }
  [[nodiscard]] const std::set<Account>& pushed() const { return pushed_; }

 private:
  AccountJwts wanted_;
  const bool is_look_;
  std::set<Account> pushed_;
  std::size_t at_ = 0;
  bool is_pushed_ = false;
  bool is_renewed_ = false;
};

}  // namespace estop::control
