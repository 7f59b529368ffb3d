// SPDX-License-Identifier: Apache-2.0

// Orders that wait for a second operator, where that is asked for: resumes, kills of the fleet.
//
// They are kept in memory only: after a restart of control the first operator gives his order
// again.
#include <algorithm>
#include <utility>

#include "control/core/control_core.h"

namespace estop::control {

using schemas::Errc;
using schemas::fail;
using schemas::RecordKind;
using schemas::Result;

bool ControlCore::needs_second(const schemas::Record& draft) const {
  if (draft.is<schemas::Resume>()) return options_.second_for_resume;
  return options_.second_for_fleet_kill && draft.scope().kind() == schemas::Scope::Kind::kFleet;
}

// One operator cannot keep out the others: his own are few, and whoever has none waiting finds a
// place also where all usual ones are taken.
bool ControlCore::may_propose(const std::string& actor) const {
  const auto own = static_cast<std::size_t>(
      std::count_if(proposals_.begin(), proposals_.end(),
                    [&](const auto& one) { return one.second.draft.actor.name == actor; }));
  if (own >= kProposalsOfOneMax) return false;
  return proposals_.size() < kProposalsMax || (own == 0 && proposals_.size() < 2 * kProposalsMax);
}

void ControlCore::propose(const CommandReceived& asked, const OrderRequest& request,
                          schemas::Record draft, std::vector<std::string> notes, Now now,
                          Effects& out) {
  if (!may_propose(draft.actor.name)) {
    return refuse(asked, {Errc::kOverLimit, "too many orders wait for a second operator"}, now,
                  out);
  }
  keep_proof(asked, draft.scope().text(), draft.op_id, now, out);
  watch(keep_proposal(std::move(draft), now, out), asked, request, std::move(notes), now, out);
}

// Bridges that know of the rule have left it alone.
void ControlCore::propose(const schemas::SignedOrder& order, const KillClaim& claim, Now now,
                          Effects& out) {
  schemas::Record draft = order.kill.record;
  if (!is_proven(order, draft.actor.name, now, out)) return;
  auto known = proposals_.find(claim.op_id);
  if (known == proposals_.end()) {
    if (!may_propose(draft.actor.name)) return;
    draft.op_id = claim.op_id;
    draft.kill().given_as = claim.given_as;
    keep_proposal(std::move(draft), now, out);
    known = proposals_.find(claim.op_id);
  }
  // Its command may have come before it.
  if (!std::exchange(known->second.has_order, true)) keep_order(order, claim.op_id, now, out);
}

Order& ControlCore::keep_proposal(schemas::Record draft, Now now, Effects& out) {
  note(audit_line(now, "proposed", draft.actor.name, draft.scope().text(), draft.op_id,
                  order_detail(draft)),
       out);
  Order& order = orders_.add({.op_id = draft.op_id,
                              .kind = draft.kind(),
                              .scope = draft.scope(),
                              .actor = draft.actor.name,
                              .started_us = now.boot_us});
  orders_.tell(order, Stage::kApproved, approved_json({}), out);
  proposals_[order.op_id] = {std::move(draft), now.boot_us + kProposalKept_us};
  return order;
}

// The same order sent once more by its first operator, who goes on watching.
bool ControlCore::watch_proposed_resume(const CommandReceived& asked, const ResumeCommand& resume,
                                        Now now, Effects& out) {
  const OrderRequest& request = resume.order;
  const auto found = proposals_.find(request.op_id);
  if (found == proposals_.end()) return false;
  const schemas::Record& draft = found->second.draft;
  const auto* first = std::get_if<schemas::Resume>(&draft.body);
  const bool is_same = first != nullptr && first->scope == request.scope &&
                       draft.actor.name == asked.actor &&
                       (resume.lifts.empty() || resume.lifts == first->lifts) &&
                       (resume.through.place.seq == 0 || resume.through == first->through);
  Order* order = orders_.find(request.op_id);
  if (!is_same || order == nullptr) {
    refuse(asked, {Errc::kBadArgument, "op_id '" + request.op_id + "' names another order"}, now,
           out);
    return true;
  }
  watch(*order, asked, request, {}, now, out);
  return true;
}

void ControlCore::obey(const CommandReceived& asked, const ApproveCommand& approve, Now now,
                       Effects& out) {
  const std::string& op_id = approve.order.op_id;
  const auto found = proposals_.find(op_id);
  if (found == proposals_.end()) {
    Order* given = ledger_.find(op_id) != nullptr ? orders_.find(op_id) : nullptr;
    if (given != nullptr) return watch(*given, asked, approve.order, {}, now, out);
    return refuse(asked,
                  {Errc::kNotFound, "no order '" + op_id +
                                        "' waits for a second operator (any more); `estop status` "
                                        "shows those that do"},
                  now, out);
  }
  const auto may = may_approve(asked, approve, found->second.draft);
  if (!may) return refuse(asked, may.error(), now, out);
  schemas::Record draft = std::move(found->second.draft);
  proposals_.erase(found);
  note(audit_line(now, "approved", asked.actor, draft.scope().text(), op_id,
                  text_detail("reason", approve.order.reason)),
       out);
  keep_proof(asked, draft.scope().text(), op_id, now, out);
  const bool is_kill = draft.is<schemas::Kill>();
  Order& order = is_kill ? order_kill(draft, kill_warnings(draft.scope()), now, out)
                         : order_resume(draft, now, out);
  orders_.reach(order, Stage::kApproved, approved_json(asked.actor), out);
  watch(order, asked, approve.order, {}, now, out);
}

Result<void> ControlCore::may_approve(const CommandReceived& asked, const ApproveCommand& approve,
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
  if (auto can = can_lift(*resume); !can) return can;
  return may_resume();
}

void ControlCore::expire_proposals(Now now, Effects& out) {
  std::erase_if(proposals_, [&](const auto& entry) {
    const schemas::Record& draft = entry.second.draft;
    if (now.boot_us < entry.second.until_us) return false;
    note(audit_line(now, "expired", draft.actor.name, draft.scope().text(), draft.op_id), out);
    orders_.drop(draft.op_id,
                 error_json({Errc::kTimeout, "no second operator has approved it in 10 minutes"}),
                 out);
    return true;
  });
}

}  // namespace estop::control
