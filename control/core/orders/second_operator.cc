// SPDX-License-Identifier: Apache-2.0
#include "control/core/orders/second_operator.h"

#include <algorithm>
#include <utility>

#include "control/core/orders/proofs.h"

namespace estop::control {

using schemas::Errc;
using schemas::fail;
using schemas::RecordKind;
using schemas::Result;

SecondOperator::SecondOperator(const CoreOptions& options, const Ledger& ledger, OpTable& ops,
                               Orders& orders, OrderFlow& flow, const ResumeRules& rules)
    : options_(options), ledger_(ledger), ops_(ops), orders_(orders), flow_(flow), rules_(rules) {}

bool SecondOperator::is_needed(const schemas::Record& draft) const {
  if (draft.is<schemas::Resume>()) return options_.second_for_resume;
  return options_.second_for_fleet_kill && draft.scope().kind() == schemas::Scope::Kind::kFleet;
}

// One operator cannot keep out the others: his own are few, and whoever has none waiting finds a
// place also where all usual ones are taken.
bool SecondOperator::may_propose(const std::string& actor) const {
  const auto own = static_cast<std::size_t>(
      std::count_if(ops_.proposals().begin(), ops_.proposals().end(),
                    [&](const auto& one) { return one.second.draft.actor.name == actor; }));
  if (own >= kProposalsOfOneMax) return false;
  return ops_.proposals().size() < kProposalsMax ||
         (own == 0 && ops_.proposals().size() < 2 * kProposalsMax);
}

void SecondOperator::propose(const CommandReceived& asked, const OrderRequest& request,
                             schemas::Record draft, std::vector<std::string> notes, Turn& turn) {
  if (!may_propose(draft.actor.name)) {
    return turn.refuse(asked, {Errc::kOverLimit, "too many orders wait for a second operator"});
  }
  keep_proof(asked, draft.scope().text(), draft.op_id, turn);
  flow_.watch(keep(std::move(draft), turn), asked, request, std::move(notes), turn);
}

// Bridges that know of the rule have left it alone.
void SecondOperator::propose(const schemas::SignedOrder& order, const KillClaim& claim,
                             Turn& turn) {
  schemas::Record draft = order.kill.record;
  if (!is_proven(order, draft.actor.name, options_, turn)) return;
  auto known = ops_.proposals().find(claim.op_id);
  if (known == ops_.proposals().end()) {
    if (!may_propose(draft.actor.name)) return;
    draft.op_id = claim.op_id;
    draft.kill().given_as = claim.given_as;
    keep(std::move(draft), turn);
    known = ops_.proposals().find(claim.op_id);
  }
  // Its command may have come before it.
  if (!std::exchange(known->second.has_order, true)) keep_order(order, claim.op_id, turn);
}

Order& SecondOperator::keep(schemas::Record draft, Turn& turn) {
  turn.note(audit_line(turn.now, "proposed", draft.actor.name, draft.scope().text(), draft.op_id,
                       OrderGiven{draft}));
  Order& order = orders_.add({.op_id = draft.op_id,
                              .kind = draft.kind(),
                              .scope = draft.scope(),
                              .actor = draft.actor.name,
                              .started_us = turn.now.boot_us});
  orders_.tell(order, Stage::kApproved, Approved{}, turn.out);
  ops_.proposals()[order.op_id] = {std::move(draft), turn.now.boot_us + kProposalKept_us};
  return order;
}

// The same order sent once more by its first operator, who goes on watching.
bool SecondOperator::watch_resume(const CommandReceived& asked, const ResumeCommand& resume,
                                  Turn& turn) {
  const OrderRequest& request = resume.order;
  const auto found = ops_.proposals().find(request.op_id);
  if (found == ops_.proposals().end()) return false;
  const schemas::Record& draft = found->second.draft;
  const auto* first = std::get_if<schemas::Resume>(&draft.body);
  const bool is_same = first != nullptr && first->scope == request.scope &&
                       draft.actor.name == asked.actor &&
                       (resume.lifts.empty() || resume.lifts == first->lifts) &&
                       (resume.through.place.seq == 0 || resume.through == first->through);
  Order* order = orders_.find(request.op_id);
  if (!is_same || order == nullptr) {
    turn.refuse(asked, {Errc::kBadArgument, "op_id '" + request.op_id + "' names another order"});
    return true;
  }
  flow_.watch(*order, asked, request, {}, turn);
  return true;
}

void SecondOperator::approve(const CommandReceived& asked, const ApproveCommand& approve,
                             Turn& turn) {
  const std::string& op_id = approve.order.op_id;
  const auto found = ops_.proposals().find(op_id);
  if (found == ops_.proposals().end()) {
    Order* given = ledger_.find(op_id) != nullptr ? orders_.find(op_id) : nullptr;
    if (given != nullptr) return flow_.watch(*given, asked, approve.order, {}, turn);
    return turn.refuse(
        asked, {Errc::kNotFound, "no order '" + op_id +
                                     "' waits for a second operator (any more); `estop status` "
                                     "shows those that do"});
  }
  const auto may = may_approve(asked, approve, found->second.draft);
  if (!may) return turn.refuse(asked, may.error());
  schemas::Record draft = std::move(found->second.draft);
  ops_.proposals().erase(found);
  turn.note(audit_line(turn.now, "approved", asked.actor, draft.scope().text(), op_id,
                       OneText{"reason", approve.order.reason}));
  keep_proof(asked, draft.scope().text(), op_id, turn);
  const bool is_kill = draft.is<schemas::Kill>();
  Order& order = is_kill ? flow_.kill(draft, flow_.kill_warnings(draft.scope()), turn)
                         : flow_.resume(draft, turn);
  orders_.reach(order, Stage::kApproved, Approved{asked.actor}, turn.out);
  flow_.watch(order, asked, approve.order, {}, turn);
}

Result<void> SecondOperator::may_approve(const CommandReceived& asked,
                                         const ApproveCommand& approve,
                                         const schemas::Record& draft) const {
  if (draft.actor.name == asked.actor) {
    return fail(Errc::kNotPermitted, "it is " + asked.actor +
                                         "'s own order: another operator has "
                                         "to approve it");
  }
  const auto* resume = std::get_if<schemas::Resume>(&draft.body);
  const bool lifts_these =
      resume != nullptr ? resume->lifts == approve.lifts && resume->through == approve.through
                        : approve.lifts.empty() && approve.through == schemas::Through{};
  if (draft.kind() != approve.kind || draft.scope() != approve.order.scope || !lifts_these) {
    return fail(Errc::kBadArgument, "op_id '" + draft.op_id +
                                        "' names another order than the one "
                                        "that was approved");
  }
  if (resume == nullptr) return {};
  if (auto can = rules_.can_lift(*resume); !can) return can;
  return rules_.may_resume();
}

void SecondOperator::expire(Turn& turn) {
  std::erase_if(ops_.proposals(), [&](const auto& entry) {
    const schemas::Record& draft = entry.second.draft;
    if (turn.now.boot_us < entry.second.until_us) return false;
    turn.note(audit_line(turn.now, "expired", draft.actor.name, draft.scope().text(), draft.op_id));
    orders_.drop(draft.op_id, {Errc::kTimeout, "no second operator has approved it in 10 minutes"},
                 turn.out);
    return true;
  });
}

}  // namespace estop::control
