// SPDX-License-Identifier: Apache-2.0
#include "control/app/claims_round.h"

#include <utility>

namespace estop::control {

ClaimsRound::ClaimsRound(AccountJwts wanted, bool is_look)
    : wanted_(std::move(wanted)), is_look_(is_look) {}

ClaimsRound::Found ClaimsRound::compared(const std::string& kept, AccountJwts& told) {
  std::string& before = told.at(at_);
  if (kept == jwt()) {
    before = jwt();
    ++at_;
    is_pushed_ = is_renewed_ = false;
    return {at_ == kAccounts.size() ? Next::kDone : Next::kCompare};
  }
  if (is_renewed_) return {Next::kRefused};
  // A broker whose folder was emptied while it runs remembers what was in it and writes no JWT that
  // it had already. It takes a newer one.
  if (is_pushed_) {
    is_renewed_ = true;
    return {Next::kRenew};
  }
  is_pushed_ = true;
  pushed_.insert(account());
  // Not if the folder was changed meanwhile: then the broker has what it had.
  return {Next::kPush, before.empty() ? is_look_ : kept != before};
}

}  // namespace estop::control
