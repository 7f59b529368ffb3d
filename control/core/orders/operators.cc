// SPDX-License-Identifier: Apache-2.0
#include "control/core/orders/operators.h"

#include <utility>

#include "control/core/orders/proofs.h"

namespace estop::control {

using schemas::Errc;
using schemas::fail;
using schemas::RecordKind;
using schemas::Result;

namespace {

schemas::Record asked_draft(schemas::RecordBody body, const CommandReceived& asked,
                            const OrderRequest& request) {
  const std::string& op_id = request.op_id.empty() ? asked.fresh_op_id : request.op_id;
  schemas::Record draft = draft_of(std::move(body), op_id, asked.actor);
  draft.reason = request.reason;
  return draft;
}

// Whom an order concerns; nullopt: it is a question, which everybody may ask.
struct Concerned {
  std::optional<schemas::Scope> operator()(const KillCommand& kill) const {
    return kill.order.scope;
  }
  std::optional<schemas::Scope> operator()(const ResumeCommand& resume) const {
    return resume.order.scope;
  }
  std::optional<schemas::Scope> operator()(const ApproveCommand& approve) const {
    return approve.order.scope;
  }
  // Who is no agent may order for the whole fleet.
  std::optional<schemas::Scope> operator()(const RevokeCommand& revoke) const {
    const auto agent = schemas::Address::parse(revoke.who);
    return agent ? schemas::Scope::of(*agent) : schemas::Scope::fleet();
  }
  std::optional<schemas::Scope> operator()(const CutCommand&) const {
    return schemas::Scope::fleet();
  }
  template <class Question>
  std::optional<schemas::Scope> operator()(const Question&) const {
    return std::nullopt;
  }
};

schemas::Result<void> check_reach_of(const CommandReceived& asked) {
  const auto concerned = std::visit(Concerned{}, *asked.command);
  return concerned ? schemas::check_reach(asked.reach, *concerned) : schemas::Result<void>{};
}

}  // namespace

void Operators::on(const CommandReceived& asked, Turn& turn) {
  ++turn.counters.commands;
  if (asked.unreadable.code != Errc::kOk) return turn.refuse(asked, asked.unreadable);
  if (asked.signature && !asked.is_proven) return obey(asked, *asked.signature, turn);
  obey(asked, turn);
}

void Operators::obey(const CommandReceived& asked, Turn& turn) {
  if (const auto may = may_obey(asked); !may) return turn.refuse(asked, may.error());
  if (!asked.command) return turn.refuse(asked, asked.command.error());
  if (const auto may = check_reach_of(asked); !may) return turn.refuse(asked, may.error());
  std::visit([&](const auto& request) { obey(asked, request, turn); }, *asked.command);
}

// --- Who may ---

void Operators::obey(const CommandReceived& asked, const schemas::SignedCommand& command,
                     Turn& turn) {
  const auto actor = schemas::Segment::parse(asked.actor);
  const auto verb = schemas::Segment::parse(asked.verb);
  const auto good = actor && verb
                        ? schemas::verify_command(command, {*actor, *verb, asked.reach},
                                                  options_.operators_key, options_.subjects)
                        : schemas::fail(Errc::kBadArgument, "no name or no verb");
  if (!good) {
    ++turn.counters.bad_signatures;
    turn.alarm("forged-order", asked.actor, asked.verb + ": " + to_string(good.error()));
    return turn.refuse(asked, good.error());
  }
  // Whoever was given less than before may have kept a copy of the former credential.
  const auto credential = schemas::read_credential(command.credential);
  if (credential && to_.access.is_revoked(credential->user)) {
    ++turn.counters.bad_signatures;
    turn.alarm("forged-order", asked.actor, asked.verb + ": signed with a revoked credential");
    return turn.refuse(asked, {Errc::kNotPermitted, "it is signed with a revoked credential"});
  }
  CommandReceived proven = asked;
  proven.is_proven = true;
  proven.may_revoke =
      asked.verb == "kill" &&
      schemas::allows(command.credential, {*actor, *schemas::Segment::parse("revoke"), asked.reach},
                      options_.subjects);
  obey(proven, turn);
}

schemas::Result<void> Operators::may_obey(const CommandReceived& asked) const {
  if (asked.is_proven || options_.takes_unsigned || !schemas::must_be_signed(asked.verb)) return {};
  return schemas::fail(Errc::kBadSignature, "a '" + asked.verb +
                                                "' has to be signed with the operator's key, as "
                                                "`estop` does");
}

// --- Orders ---

void Operators::obey(const CommandReceived& asked, const KillCommand& kill, Turn& turn) {
  OrderRequest request = kill.order;
  if (request.op_id.empty()) request.op_id = asked.fresh_op_id;
  if (to_.lookups.park(asked, kill.order, turn)) return;
  const KillClaim claim = to_.ops.claim_kill(request.op_id, request.scope, asked.actor);
  if (claim.is == OpIs::kLifted)
    return turn.refuse(asked, to_.ops.lifted_error(claim, request.scope));
  std::vector<std::string> notes = kill.notes;
  if (!claim.given_as.empty()) notes.push_back(OpTable::taken_note(claim));
  if (const auto may = Access::may_revoke(asked, kill); !may) {
    notes.push_back("nothing is revoked: " + may.error().detail);
    request.never = bit(Stage::kRevoked);
  } else if (kill.revoke) {
    to_.access.want_revocation(asked, kill, claim.op_id, turn.now);
  }
  if (claim.is != OpIs::kNew) {
    keep_proof(asked, request.scope.text(), claim.op_id, turn);
    return to_.flow.watch(to_.flow.kept_kill(claim, request.scope, turn), asked, request,
                          std::move(notes), turn);
  }
  schemas::Record draft = asked_draft(schemas::Kill{.scope = request.scope,
                                                    .mode = kill.mode,
                                                    .grace_ms = kill.grace_ms,
                                                    .given_as = claim.given_as},
                                      asked, request);
  draft.op_id = claim.op_id;
  if (auto fits = schemas::check_record(draft); !fits) {
    return turn.refuse(asked, fits.error());
  }
  if (to_.second.is_needed(draft)) {
    return to_.second.propose(asked, request, std::move(draft), std::move(notes), turn);
  }
  Order& order = to_.flow.kill(std::move(draft), to_.flow.kill_warnings(request.scope), turn);
  keep_proof(asked, request.scope.text(), claim.op_id, turn);
  to_.flow.watch(order, asked, request, std::move(notes), turn);
}

void Operators::obey(const CommandReceived& asked, const ResumeCommand& resume, Turn& turn) {
  const OrderRequest& request = resume.order;
  if (to_.lookups.park(asked, resume, turn)) return;
  if (to_.second.watch_resume(asked, resume, turn)) return;
  if (repeat_resume(asked, resume, turn)) return;
  auto lifted = to_.rules.lifted_by(resume, asked.is_proven);
  if (!lifted) return turn.refuse(asked, lifted.error());
  if (const auto may = to_.rules.may_resume(); !may) return turn.refuse(asked, may.error());
  schemas::Record draft = asked_draft(std::move(*lifted), asked, request);
  if (auto fits = schemas::check_record(draft); !fits) {
    return turn.refuse(asked, fits.error());
  }
  if (to_.second.is_needed(draft))
    return to_.second.propose(asked, request, std::move(draft), {}, turn);
  const std::string op_id = draft.op_id;
  Order& order = to_.flow.resume(std::move(draft), turn);
  keep_proof(asked, request.scope.text(), op_id, turn);
  to_.flow.watch(order, asked, request, {}, turn);
}

// True: the op id is known. Its first order stands; the asker watches it as it goes on, and is told
// what holds now.
bool Operators::repeat_resume(const CommandReceived& asked, const ResumeCommand& resume,
                              Turn& turn) {
  const OrderRequest& request = resume.order;
  const bool is_unwritten = to_.ops.is_unwritten(request.op_id);
  const OpState* known = request.op_id.empty() ? nullptr : to_.ledger.find(request.op_id);
  if (known == nullptr && to_.ledger.may_be_forgotten(request.op_id)) {
    turn.refuse(asked, {Errc::kStoreUnavailable,
                        "the recorder does not say whether op_id '" + request.op_id +
                            "' was used before: try again, or give a new one"});
    return true;
  }
  if (known == nullptr && !is_unwritten) return false;
  const bool is_resume = known != nullptr && known->kind == RecordKind::kResume;
  if (!is_resume || known->scope != request.scope) {
    turn.refuse(asked, {Errc::kBadArgument, "op_id '" + request.op_id + "' names another order"});
    return true;
  }
  if (const auto same = to_.ops.is_same_resume(resume); !same) {
    turn.refuse(asked, same.error());
    return true;
  }
  std::vector<std::string> notes;
  Order& order = to_.flow.kept_resume(request.op_id, *known, asked.actor, turn);
  if (known->applied) notes = to_.flow.resume_warnings({.scope = request.scope});  // lifts nothing
  to_.flow.watch(order, asked, request, std::move(notes), turn);
  return true;
}

void Operators::obey(const CommandReceived& asked, const ApproveCommand& approve, Turn& turn) {
  to_.second.approve(asked, approve, turn);
}

void Operators::obey(const CommandReceived& asked, const RevokeCommand& revoke, Turn& turn) {
  // Whoever got here may: the broker took the verb of him, and his signature is good.
  if (revoke.check) return turn.answer(asked.asker, RevokedByName{});
  keep_proof(asked, revoke.who, {}, turn);
  turn.out.push_back(RevokeCredentials{{.who = revoke.who,
                                        .users = revoke.users,
                                        .actor = asked.actor,
                                        .reason = revoke.reason,
                                        .asker = asked.asker}});
}

}  // namespace estop::control
