// SPDX-License-Identifier: Apache-2.0

// The meaning of an op id at this moment. An op id names one order: a kill of one scope, or a
// resume.
//
// Control never refuses a kill because its op id was used before for something else: bridges may
// hold it already. It writes the kill under an op id that is made from the given op id and the
// scope, so that it is the same one however often and on whatever way the kill comes, also after a
// restart. The record carries the given one (`given_as`), and a resume of the kill lifts both.
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
  kUnwritten,  // bridges have the order; its record follows in a moment
  kInForce,
  kLifted,  // by a resume, since
};

struct KillClaim {
  OpIs is = OpIs::kNew;
  std::string op_id{};     // control's own for it
  std::string given_as{};  // the given one, if that names another order; else empty
};

// The op id for a kill of `scope` whose own op id names another order. `attempt` counts from 0: the
// next one is for an op id that was made to collide.
[[nodiscard]] std::string own_op_id(const std::string& given, const schemas::Scope& scope,
                                    unsigned attempt);

// Every path of an order asks this table first.
class OpTable {
 public:
  // `ledger` outlives it: it knows the op ids of the log.
  explicit OpTable(const Ledger& ledger) : ledger_(ledger) {}

  [[nodiscard]] KillClaim claim_kill(const std::string& op_id, const schemas::Scope& scope,
                                     const std::string& actor) const;
  [[nodiscard]] KillClaim claim_kill(const schemas::Record& kill) const;
  // The refusal of a kill whose op id is that of a lifted one, with the kills that hold now.
  [[nodiscard]] schemas::Error lifted_error(const KillClaim& claim,
                                            const schemas::Scope& scope) const;
  [[nodiscard]] static std::string taken_note(const KillClaim& claim);
  // Whether a resume with a used op id lifts the same kills as the first one.
  [[nodiscard]] schemas::Result<void> is_same_resume(const ResumeCommand& resume) const;

  // Kills that bridges have and that have no record yet: for kWriteWait_us.
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
