// What an operator signed himself, and kills that a bridge holds and the log does not.
#include <utility>

#include "control/core/control_core.h"
#include "schemas/codec.h"
#include "schemas/order.h"
#include "schemas/printable.h"

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

void ControlCore::keep_order(const schemas::SignedOrder& order, Now now, Effects& out) {
  const schemas::Record& kill = order.kill.record;
  note(audit_line(now, "signed", kill.actor, kill.scope.text(), kill.op_id,
                  text_detail("order", schemas::base64url(order.frame))),
       out);
}

// The bridges heard it when control did. So the counting begins at once, and the record is written
// a millisecond later, when the fence is usually known: signing, the log and the runtimes would
// only keep the bridges' answers waiting. Until then a crash of control loses nothing: the bridges
// hold the order, and show it to the next one.
void ControlCore::on(const EmergencyReceived& emergency, Now now, Effects& out) {
  const schemas::Record& kill = emergency.order.kill.record;
  if (kill.actor != emergency.actor) {
    alarm("forged-order", emergency.actor, "sent an order in the name of " + kill.actor, now, out);
    return;
  }
  if (unwritten_.contains(kill.op_id)) return;
  if (ledger_.find(kill.op_id) != nullptr) {
    out.push_back(CheckOrder{emergency.order});
    return;
  }
  if (needs_second(kill)) return propose(emergency.order, now, out);
  unwritten_.emplace(kill.op_id, emergency.order);
  ++counters_.kills;
  count_kill(emergency.order.kill, kill_warnings(kill.scope), now, out);
  out.push_back(WriteSoon{kill.op_id});
}

// The command of an order that came signed: its sender only watches.
bool ControlCore::watch_unwritten(const CommandReceived& asked, const KillCommand& kill, Now now,
                                  Effects& out) {
  const auto found = unwritten_.find(kill.order.op_id);
  if (found == unwritten_.end()) return false;
  const schemas::Record& ordered = found->second.kill.record;
  if (ordered.scope != kill.order.scope || ordered.actor != asked.actor) {
    refuse(asked, {Errc::kBadArgument, "op_id '" + kill.order.op_id + "' names another order"}, now,
           out);
    return true;
  }
  watch(*orders_.find(kill.order.op_id), asked, kill.order, now, out);
  return true;
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
  draft.reason = schemas::printable(std::move(draft.reason));
  AuditEntry entry =
      audit_line(now, "kill", draft.actor, draft.scope.text(), draft.op_id, order_detail(draft));
  out.push_back(PublishEvent{*schemas::Segment::parse("kill"), event_json(entry)});
  const auto record = ledger_.append(std::move(draft), std::move(entry), now, out);
  orders_.find(due.op_id)->frame = record.frame;
  publish_kill(record, out);
  keep_order(order, now, out);
}

void ControlCore::on(const OrderChecked& checked, Now now, Effects& out) {
  const schemas::Record& kill = checked.order.kill.record;
  const OpState* known = ledger_.find(kill.op_id);
  if (checked.verdict && known != nullptr && known->scope == kill.scope) {
    keep_order(checked.order, now, out);
    return;
  }
  ++counters_.bad_signatures;
  const std::string problem =
      checked.verdict ? "its scope is not that of the command" : to_string(checked.verdict.error());
  alarm("forged-order", kill.actor, "order " + kill.op_id + ": " + problem, now, out);
}

// About to be written, under way, in force, or lifted by a resume since.
bool ControlCore::is_known(const std::string& op_id) const {
  return unwritten_.contains(op_id) || ledger_.find(op_id) != nullptr;
}

// A bridge holds a kill that is not in its log: control died before it could commit it, or lost it,
// or never heard of it.
void ControlCore::adopt(const std::string& bridge, const schemas::Bytes& frame, Now now,
                        Effects& out) {
  const auto held = schemas::open_record(frame);
  if (!held) {
    const auto order = schemas::open_order(frame);
    if (order && !is_known(order->kill.record.op_id)) adopt(*order, "bridge " + bridge, now, out);
    return;
  }
  if (held->record.kind != RecordKind::kKill || is_known(held->record.op_id)) return;
  if (!schemas::verify_record(*held, ledger_.key().public_key())) {
    ++counters_.bad_signatures;
    alarm("forged-kill", bridge, "the bridge holds a kill that control did not sign", now, out);
    return;
  }
  adopt(held->record, "bridge " + bridge, now, out);
}

void ControlCore::adopt(const schemas::SignedOrder& order, const std::string& from, Now now,
                        Effects& out) {
  const auto good = schemas::verify_order(order, options_.operators_key, options_.subjects);
  if (!good) {
    ++counters_.bad_signatures;
    alarm("forged-order", from, to_string(good.error()), now, out);
    return;
  }
  adopt(order.kill.record, from, now, out);
  keep_order(order, now, out);
}

void ControlCore::adopt(schemas::Record draft, const std::string& from, Now now, Effects& out) {
  // A kill that holds somewhere is a kill: the second operator comes too late.
  if (needs_second(draft)) {
    alarm("one-operator", from, "obeyed a kill of the fleet that only one operator ordered", now,
          out);
  }
  proposals_.erase(draft.op_id);
  now.wall_ms = draft.issued_at_ms;
  AuditEntry entry = audit_line(now, "adopted", draft.actor, draft.scope.text(), draft.op_id,
                                text_detail("from", from));
  begin_kill(ledger_.append(std::move(draft), std::move(entry), now, out), {}, now, out);
}

}  // namespace estop::control
