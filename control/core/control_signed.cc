// SPDX-License-Identifier: Apache-2.0

// What an operator signed himself, and kills that a bridge holds and the log does not.
#include <utility>

#include "control/core/control_core.h"
#include "schemas/codec.h"
#include "schemas/order.h"

namespace estop::control {

using schemas::Errc;
using schemas::RecordKind;

// --- Commands ---

void ControlCore::obey(const CommandReceived& asked, const schemas::SignedCommand& command, Now now,
                       Effects& out) {
  const auto actor = schemas::Segment::parse(asked.actor);
  const auto verb = schemas::Segment::parse(asked.verb);
  const auto good = actor && verb
                        ? schemas::verify_command(command, *actor, *verb, options_.operators_key,
                                                  options_.subjects)
                        : schemas::fail(Errc::kBadArgument, "no name or no verb");
  if (!good) {
    ++counters_.bad_signatures;
    alarm("forged-order", asked.actor, asked.verb + ": " + to_string(good.error()), now, out);
    return refuse(asked, good.error(), now, out);
  }
  CommandReceived proven = asked;
  proven.json = command.text;
  proven.proof = asked.json;
  proven.may_revoke = asked.verb == "kill" &&
                      schemas::allows(command.credential, *actor,
                                      *schemas::Segment::parse("revoke"), options_.subjects);
  obey(proven, now, out);
}

schemas::Result<void> ControlCore::may_obey(const CommandReceived& asked) const {
  if (!asked.proof.empty() || options_.takes_unsigned || !schemas::must_be_signed(asked.verb))
    return {};
  return schemas::fail(Errc::kBadSignature, "a '" + asked.verb +
                                                "' has to be signed with the operator's key, as "
                                                "`estop` does");
}

void ControlCore::keep_proof(const CommandReceived& asked, const std::string& subject,
                             const std::string& op_id, Now now, Effects& out) {
  if (asked.proof.empty()) return;
  note(audit_line(now, "signed", asked.actor, subject, op_id, text_detail("command", asked.proof)),
       out);
}

// --- Kills ---

void ControlCore::keep_order(const schemas::SignedOrder& order, const std::string& op_id, Now now,
                             Effects& out) {
  const schemas::Record& kill = order.kill.record;
  note(audit_line(now, "signed", kill.actor, kill.scope.text(), op_id,
                  text_detail("order", schemas::base64url(order.frame))),
       out);
}

bool ControlCore::is_proven(const schemas::SignedOrder& order, const std::string& from, Now now,
                            Effects& out) {
  const auto good = schemas::verify_order(order, options_.operators_key, options_.subjects);
  if (good) return true;
  ++counters_.bad_signatures;
  alarm("forged-order", from, "order " + order.kill.record.op_id + ": " + to_string(good.error()),
        now, out);
  return false;
}

// The bridges heard it when control did. So the counting begins at once, and the record is written
// when the fence is known, or kWriteWait_us later: proof, signature, log and runtimes would only
// keep the bridges' answers waiting. Until then a crash of control loses nothing: the bridges hold
// the order, and show it to the next one.
void ControlCore::on(const EmergencyReceived& emergency, Now now, Effects& out) {
  const schemas::SignedOrder& order = emergency.order;
  const schemas::Record& kill = order.kill.record;
  if (kill.actor != emergency.actor) {
    alarm("forged-order", emergency.actor, "sent an order in the name of " + kill.actor, now, out);
    return;
  }
  if (look_up(emergency, now, out)) return;
  const KillClaim claim = claim_kill(kill);
  const bool is_new = claim.is == OpIs::kNew;
  if (claim.is == OpIs::kUnwritten) return;
  if (claim.is == OpIs::kWaiting || (is_new && needs_second(kill))) {
    return propose(order, claim, now, out);
  }
  if (!is_new) {
    out.push_back(CheckOrder{order});
    return;
  }
  // Its op id names another order, which goes on unharmed whatever this one is.
  if (!claim.given_as.empty()) return adopt(order, claim, "operator " + kill.actor, now, out);
  unwritten_.emplace(kill.op_id, order);
  std::vector<std::string> warnings = kill_warnings(kill.scope);
  warnings.insert(warnings.begin(), order.notes.begin(), order.notes.end());
  count_kill(order.kill, std::move(warnings), now, out).frame.clear();  // nothing to repeat yet
  out.push_back(WriteSoon{kill.op_id, kWriteWait_us});
}

void ControlCore::on(const WriteDue& due, Now now, Effects& out) {
  const auto unwritten = unwritten_.extract(due.op_id);
  if (unwritten.empty()) return;
  const schemas::SignedOrder& order = unwritten.mapped();
  schemas::Record draft = order.kill.record;
  // The bridges take it back as well: nothing of it may get into the log.
  const auto good = schemas::verify_order(order, options_.operators_key, options_.subjects);
  if (!good) {
    ++counters_.bad_signatures;
    alarm("forged-order", draft.actor, "order " + due.op_id + ": " + to_string(good.error()), now,
          out);
    roster_.forget(due.op_id);
    registry_.forget_stops(due.op_id);
    return orders_.drop(due.op_id, error_json(good.error()), out);
  }
  ++counters_.kills;
  AuditEntry entry =
      audit_line(now, "kill", draft.actor, draft.scope.text(), draft.op_id, order_detail(draft));
  publish_unless_stored(entry, out);
  const auto record = ledger_.append(std::move(draft), std::move(entry), now, out);
  Order* watched = orders_.find(due.op_id);  // gone if this machine slept in between
  if (watched == nullptr) watched = &count_kill(record, {}, now, out);
  watched->frame = record.frame;
  watched->seq = record.record.seq;
  publish_kill(record, out);
  keep_order(order, due.op_id, now, out);
}

void ControlCore::on(const OrderChecked& checked, Now now, Effects& out) {
  const schemas::SignedOrder& order = checked.order;
  const schemas::Record& kill = order.kill.record;
  if (!checked.verdict) {
    ++counters_.bad_signatures;
    return alarm("forged-order", kill.actor,
                 "order " + kill.op_id + ": " + to_string(checked.verdict.error()), now, out);
  }
  const KillClaim claim = claim_kill(kill);
  switch (claim.is) {
    case OpIs::kNew:
      return adopt(order, claim, "operator " + kill.actor, now, out);
    case OpIs::kInForce:
      return keep_order(order, claim.op_id, now, out);
    case OpIs::kLifted:  // bridges know it as well: it has no effect
      return note(audit_line(now, "refused", kill.actor, kill.scope.text(), claim.op_id,
                             text_detail("error", to_string(lifted_error(claim, kill.scope)))),
                  out);
    case OpIs::kWaiting:
    case OpIs::kUnwritten:
      return;
  }
}

// A bridge holds a kill that is not in its log: control died before it could commit it, or lost it,
// or never heard of it.
bool ControlCore::adopt(const std::string& bridge, const schemas::Bytes& frame, Now now,
                        Effects& out) {
  const std::string from = "bridge " + bridge;
  const auto missing = [&](const KillClaim& claim) {
    return claim.is == OpIs::kNew || claim.is == OpIs::kWaiting;  // for the second one: too late
  };
  const auto held = schemas::open_record(frame);
  if (!held) {
    const auto order = schemas::open_order(frame);
    if (!order || look_up_held(order->kill.record, now, out)) return false;
    const KillClaim claim = claim_kill(order->kill.record);
    if (missing(claim)) adopt(*order, claim, from, now, out);
    return missing(claim);
  }
  if (look_up_held(held->record, now, out)) return false;
  const KillClaim claim = claim_kill(held->record);
  if (held->record.kind != RecordKind::kKill || !missing(claim)) return false;
  if (!schemas::verify_record(*held, ledger_.key().public_key())) {
    ++counters_.bad_signatures;
    alarm("forged-kill", bridge, "the bridge holds a kill that control did not sign", now, out);
    return true;
  }
  adopt(held->record, claim, from, now, out);
  return true;
}

void ControlCore::adopt(const schemas::SignedOrder& order, const KillClaim& claim,
                        const std::string& from, Now now, Effects& out) {
  if (!is_proven(order, from, now, out)) return;
  adopt(order.kill.record, claim, from, now, out);
  keep_order(order, claim.op_id, now, out);
}

void ControlCore::adopt(schemas::Record draft, const KillClaim& claim, const std::string& from,
                        Now now, Effects& out) {
  // A kill that holds somewhere is a kill: the second operator comes too late.
  if (needs_second(draft)) {
    alarm("one-operator", from, "obeyed a kill of the fleet that only one operator ordered", now,
          out);
  }
  std::vector<std::string> notes;
  if (!claim.given_as.empty()) {
    notes.push_back(taken_note(claim));
    alarm("op-id-reused", draft.actor, notes.back(), now, out);
    draft.target = claim.given_as;
  }
  draft.op_id = claim.op_id;
  proposals_.erase(draft.op_id);
  now.wall_ms = draft.issued_at_ms;
  ++counters_.kills;
  AuditEntry entry = audit_line(now, "adopted", draft.actor, draft.scope.text(), draft.op_id,
                                adopted_detail(from, draft));
  begin_kill(ledger_.append(std::move(draft), std::move(entry), now, out), std::move(notes), now,
             out);
}

}  // namespace estop::control
