// SPDX-License-Identifier: Apache-2.0

// What an op id is at this moment. An op id names one order: a kill of one scope, or a resume.
//
// A kill is never refused because somebody used its op id before for something else: bridges may
// hold it already. It is written under an op id that is made from both, so that it is the same one
// however often and on whatever way it comes, also after a restart; its record carries the one that
// it was given (`given_as`), and a resume of it lifts both.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "control/core/log/ledger.h"
#include "control/core/orders/command.h"
#include "control/core/orders/orders.h"
#include "schemas/order.h"

namespace estop::control {

enum class OpIs : std::uint8_t {
  kNew,
  kWaiting,    // for a second operator
  kUnwritten,  // bridges heard the order; its record is written in a moment
  kInForce,
  kLifted,  // by a resume, since
};

struct KillClaim {
  OpIs is = OpIs::kNew;
  std::string op_id{};     // under which control has it, or will write it
  std::string given_as{};  // under which it came, if that names another order; else empty
};

// The op id under which a kill of `scope` is written whose own op id names another order. `attempt`
// counts from 0: the next one is for an op id that was made to collide.
[[nodiscard]] std::string own_op_id(const std::string& given, const schemas::Scope& scope,
                                    unsigned attempt);

// Every path that gives an order asks here first.
class OpTable {
 public:
  // `ledger` outlives it: it knows the op ids of the log.
  explicit OpTable(const Ledger& ledger) : ledger_(ledger) {}

  [[nodiscard]] KillClaim claim_kill(const std::string& op_id, const schemas::Scope& scope,
                                     const std::string& actor) const;
  [[nodiscard]] KillClaim claim_kill(const schemas::Record& kill) const;
  // Why a kill is refused whose op id is that of a lifted one, and what holds now.
  [[nodiscard]] schemas::Error lifted_error(const KillClaim& claim,
                                            const schemas::Scope& scope) const;
  [[nodiscard]] static std::string taken_note(const KillClaim& claim);
  // Whether a resume whose op id was used before lifts what that one lifted.
  [[nodiscard]] schemas::Result<void> is_same_resume(const ResumeCommand& resume) const;

  // Kills that bridges heard and that have no record yet: for kWriteWait_us.
  void keep_unwritten(const schemas::SignedOrder& order);
  [[nodiscard]] bool is_unwritten(const std::string& op_id) const;
  std::optional<schemas::SignedOrder> take_unwritten(const std::string& op_id);
  // Orders that wait for a second operator: at most 2 * kProposalsMax.
  [[nodiscard]] Proposals& proposals() { return proposals_; }
  [[nodiscard]] const Proposals& proposals() const { return proposals_; }

 private:
  [[nodiscard]] std::optional<OpIs> use_of(const std::string& op_id, const schemas::Scope& scope,
                                           const std::string& actor) const;

  const Ledger& ledger_;
  std::map<std::string, schemas::SignedOrder> unwritten_;  // by op id
  Proposals proposals_;
};

}  // namespace estop::control
