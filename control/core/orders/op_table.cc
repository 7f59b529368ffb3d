// SPDX-License-Identifier: Apache-2.0
#include "control/core/orders/op_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "control/core/sentences.h"

#include "schemas/printable.h"
#include "schemas/signing.h"

namespace estop::control {

using schemas::Errc;
using schemas::fail;
using schemas::RecordKind;
using schemas::Result;

std::string own_op_id(const std::string& given, const schemas::Scope& scope, unsigned attempt) {
  constexpr std::size_t kLetters = 24;
  const auto hash =
      schemas::sha256(fmt::format("estop own op id\n{}\n{}\n{}", given, scope.text(), attempt));
  return "own-" + schemas::hex(hash).substr(0, kLetters);
}

// nullopt: the op id names another order.
std::optional<OpIs> OpTable::use_of(const std::string& op_id, const schemas::Scope& scope,
                                    const std::string& actor) const {
  const auto is_same = [&](const schemas::Record& other) {
    return other.is<schemas::Kill>() && other.scope() == scope && other.actor.name == actor;
  };
  if (const auto found = unwritten_.find(op_id); found != unwritten_.end()) {
    return is_same(found->second.kill.record) ? std::optional(OpIs::kUnwritten) : std::nullopt;
  }
  if (const auto found = proposals_.find(op_id); found != proposals_.end()) {
    return is_same(found->second.draft) ? std::optional(OpIs::kWaiting) : std::nullopt;
  }
  const OpState* known = ledger_.find(op_id);
  // The recorder did not say in time what it was: it is nobody's to use again.
  if (known == nullptr && ledger_.may_be_forgotten(op_id)) return std::nullopt;
  if (known == nullptr) return OpIs::kNew;
  if (known->kind != RecordKind::kKill || known->scope != scope) return std::nullopt;
  const bool holds = known->lifted_by.empty() || ledger_.latches().find(op_id) != nullptr;
  return holds ? OpIs::kInForce : OpIs::kLifted;
}

KillClaim OpTable::claim_kill(const std::string& op_id, const schemas::Scope& scope,
                              const std::string& actor) const {
  const auto as_given = use_of(op_id, scope, actor);
  // What it named may be forgotten, if control died before it wrote it: this one stays what it is.
  const bool is_free = as_given == OpIs::kNew;
  const bool has_own = is_free && ledger_.find(own_op_id(op_id, scope, 0)) != nullptr;
  if (as_given && !has_own) return {*as_given, op_id, {}};
  for (unsigned attempt = 0;; ++attempt) {
    const std::string own = own_op_id(op_id, scope, attempt);
    if (const auto is = use_of(own, scope, actor)) return {*is, own, op_id};
  }
}

KillClaim OpTable::claim_kill(const schemas::Record& kill) const {
  return claim_kill(kill.op_id, kill.scope(), kill.actor.name);
}

schemas::Error OpTable::lifted_error(const KillClaim& claim, const schemas::Scope& scope) const {
  const OpState* known = ledger_.find(claim.op_id);
  const auto& latches = ledger_.latches();
  const auto wider = latches.wider_than(scope);
  const auto exactly = latches.exactly(scope);
  const HeldKill* other = exactly.empty() ? nullptr : exactly.front();
  if (other == nullptr && !wider.empty()) other = wider.front();
  const std::string now =
      other == nullptr ? scope.text() + " runs" : "what holds is: " + kill_sentence(other->latch);
  return {Errc::kLogConflict,
          fmt::format("op_id '{}' was used: resume {} lifted that kill at {}, and {}; give a new "
                      "op_id",
                      claim.given_as.empty() ? claim.op_id : claim.given_as, known->lifted_by,
                      schemas::utc_text(known->lifted_ms), now)};
}

std::string OpTable::taken_note(const KillClaim& claim) {
  return fmt::format("op_id '{}' names another order: this kill is '{}'", claim.given_as,
                     claim.op_id);
}

// The resume of this op id was given before. It is the same one only if it lifts the same.
Result<void> OpTable::is_same_resume(const ResumeCommand& resume) const {
  const std::string& op_id = resume.order.op_id;
  const auto on_their_way = ledger_.being_lifted();
  const auto lifts = [&](const std::string& kill) {
    const auto under_way = on_their_way.find(kill);
    if (under_way != on_their_way.end() && under_way->second == op_id) return true;
    const OpState* known = ledger_.find(kill);
    return known != nullptr && known->lifted_by == op_id && known->scope == resume.order.scope;
  };
  const auto other = [&](const std::string& kill) {
    return fail(Errc::kLogConflict,
                fmt::format("op_id '{}' was used by a resume that did not lift {}; give a new "
                            "op_id",
                            op_id, kill));
  };
  for (const std::string& kill : resume.lifts) {
    if (lifts(kill)) continue;
    if (ledger_.find(kill) != nullptr || !ledger_.may_be_forgotten(kill)) return other(kill);
    return fail(Errc::kStoreUnavailable,
                fmt::format("the recorder does not say which resume lifted {}: try again", kill));
  }
  if (!resume.lifts.empty()) return {};
  if (resume.through.place.seq != 0) {
    const OpState* known = ledger_.find(op_id);
    if (known != nullptr && known->through && *known->through == resume.through) return {};
    return fail(
        Errc::kLogConflict,
        fmt::format("op_id '{}' was used by a resume of other kills; give a new op_id", op_id));
  }
  for (const HeldKill* held : ledger_.latches().exactly(resume.order.scope)) {
    if (!lifts(held->latch.op_id)) return other(held->latch.op_id);
  }
  return {};
}

void OpTable::keep_unwritten(const schemas::SignedOrder& order) {
  unwritten_.emplace(order.kill.record.op_id, order);
}

bool OpTable::is_unwritten(const std::string& op_id) const {
  return unwritten_.contains(op_id);
}

std::optional<schemas::SignedOrder> OpTable::take_unwritten(const std::string& op_id) {
  auto taken = unwritten_.extract(op_id);
  if (taken.empty()) return std::nullopt;
  return std::move(taken.mapped());
}

}  // namespace estop::control
