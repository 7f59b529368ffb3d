// What control does when an operator asks.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "control/core/control_core.h"
#include "schemas/codec.h"

namespace estop::control {

using schemas::Errc;
using schemas::fail;
using schemas::RecordKind;
using schemas::Result;

void ControlCore::on(const CommandReceived& asked, Now now, Effects& out) {
  ++counters_.commands;
  if (asked.unreadable.code != Errc::kOk) return refuse(asked, asked.unreadable, now, out);
  const auto command = schemas::open_command(asked.json);
  if (!command) return refuse(asked, command.error(), now, out);
  if (command->has_value()) return obey(asked, **command, now, out);
  obey(asked, now, out);
}

void ControlCore::obey(const CommandReceived& asked, Now now, Effects& out) {
  if (const auto may = may_obey(asked); !may) return refuse(asked, may.error(), now, out);
  const auto command = parse_command(asked.verb, asked.json);
  if (!command) return refuse(asked, command.error(), now, out);
  std::visit([&](const auto& request) { obey(asked, request, now, out); }, *command);
}

void ControlCore::refuse(const CommandReceived& asked, const schemas::Error& error, Now now,
                         Effects& out) {
  ++counters_.commands_refused[error.code];
  out.push_back(Answer{asked.reply, error_json(error)});
  note(audit_line(now, "refused", asked.actor, asked.verb, {},
                  text_detail("error", schemas::to_string(error))),
       out);
}

schemas::Record ControlCore::asked_draft(RecordKind kind, const CommandReceived& asked,
                                         const OrderRequest& request) {
  const std::string& op_id = request.op_id.empty() ? asked.fresh_op_id : request.op_id;
  schemas::Record draft = draft_of(kind, op_id, asked.actor);
  draft.scope = request.scope;
  draft.reason = request.reason;
  return draft;
}

// --- Kill ---

void ControlCore::obey(const CommandReceived& asked, const KillCommand& kill, Now now,
                       Effects& out) {
  const OrderRequest& request = kill.order;
  want_revocation(asked, kill, now);
  if (watch_unwritten(asked, kill, now, out)) return;
  if (watch_proposed(asked, request, RecordKind::kKill, now, out)) return;
  if (repeat(asked, request, RecordKind::kKill, now, out)) return;
  schemas::Record draft = asked_draft(RecordKind::kKill, asked, request);
  draft.mode = kill.mode;
  draft.grace_ms = kill.grace_ms;
  if (auto fits = schemas::check_record(draft); !fits) {
    return refuse(asked, fits.error(), now, out);
  }
  if (needs_second(draft)) return propose(asked, request, std::move(draft), now, out);
  std::vector<std::string> warnings = kill_warnings(request.scope);
  for (const std::string& field : kill.ignored) warnings.push_back("ignored field '" + field + "'");
  watch(order_kill(std::move(draft), warnings, now, out), asked, request, now, out);
}

Order& ControlCore::order_kill(schemas::Record draft, const std::vector<std::string>& warnings,
                               Now now, Effects& out) {
  AuditEntry entry =
      audit_line(now, "kill", draft.actor, draft.scope.text(), draft.op_id, order_detail(draft));
  const std::string event = event_json(entry);
  const auto record = ledger_.append(std::move(draft), std::move(entry), now, out);
  ++counters_.kills;
  begin_kill(record, warnings, now, out);
  out.push_back(PublishEvent{*schemas::Segment::parse("kill"), event});
  return *orders_.find(record.record.op_id);
}

void ControlCore::watch(Order& order, const CommandReceived& asked, const OrderRequest& request,
                        Now now, Effects& out) {
  orders_.watch(order, asked.reply, request.wait, now.boot_us + request.timeout_ms * 1'000ULL, out);
}

std::vector<std::string> ControlCore::kill_warnings(const schemas::Scope& scope) const {
  std::vector<std::string> warnings;
  for (const HeldKill& held : ledger_.latches().exactly(scope)) {
    warnings.push_back("already " + kill_sentence(held.latch));
  }
  if (!registry_.knows(scope)) {
    warnings.emplace_back("nobody of that name has announced itself; whoever does is killed");
  }
  if (ledger_.is_blind()) warnings.emplace_back("the control log cannot be read yet");
  return warnings;
}

// The record is published: everybody else is told, and the counting begins.
void ControlCore::begin_kill(const schemas::SignedRecord& record,
                             const std::vector<std::string>& warnings, Now now, Effects& out) {
  publish_kill(record, out);
  count_kill(record, warnings, now, out);
}

void ControlCore::publish_kill(const schemas::SignedRecord& record, Effects& out) {
  const schemas::Address address = record.record.scope.address();
  out.push_back(
      PublishToAgents{address.empty() ? std::nullopt : std::optional(address), record.frame});
  out.push_back(Flush{});
}

void ControlCore::count_kill(const schemas::SignedRecord& record,
                             const std::vector<std::string>& warnings, Now now, Effects& out) {
  Order& order = begin_order(record, warnings, now);
  const std::string& op_id = order.op_id;
  StopCount& stops = registry_.expect_stops(op_id, record.record.scope, now.boot_us);
  const Gathering& fence = roster_.gather(op_id, record.record.seq, true, now.boot_us);
  if (fence.done_us != 0) gathered(order, fence, now, out);
  tell_stops(order, stops, now, out);
}

Order& ControlCore::begin_order(const schemas::SignedRecord& record,
                                const std::vector<std::string>& warnings, Now now) {
  const schemas::Record& order = record.record;
  return orders_.add({.op_id = order.op_id,
                      .kind = order.kind,
                      .scope = order.scope,
                      .actor = order.actor,
                      .frame = record.frame,
                      .started_us = now.boot_us,
                      .accepted = accepted_json(order.op_id, order.seq, warnings)});
}

// --- Asked again ---

// True: the op id is known. Its first order stands; the asker watches it as it goes on.
bool ControlCore::repeat(const CommandReceived& asked, const OrderRequest& request, RecordKind kind,
                         Now now, Effects& out) {
  const OpState* known = request.op_id.empty() ? nullptr : ledger_.find(request.op_id);
  if (known == nullptr) return false;
  if (known->kind != kind || known->scope != request.scope) {
    refuse(asked, {Errc::kBadArgument, "op_id '" + request.op_id + "' names another order"}, now,
           out);
    return true;
  }
  const HeldKill* held = ledger_.latches().find(request.op_id);
  Order* order = orders_.find(request.op_id);
  if (order == nullptr) {
    schemas::SignedRecord first;
    first.record = draft_of(kind, request.op_id, asked.actor);
    first.record.seq = known->seq;
    first.record.scope = known->scope;
    std::vector<std::string> notes = {"this order was given before"};
    if (kind == RecordKind::kKill && held == nullptr)
      notes.emplace_back("a resume lifted it since");
    if (held != nullptr) first.frame = held->frame;
    order = &begin_order(first, notes, now);
    if (held != nullptr) {
      Ledger::announce(held->frame, out);  // whoever obeys it already confirms once more
      begin_kill(first, notes, now, out);
      order = orders_.find(request.op_id);
    } else if (kind == RecordKind::kResume && known->applied) {
      gathered(*order, roster_.gather(request.op_id, known->seq, false, now.boot_us), now, out);
    }
    if (known->committed) orders_.reach(*order, Stage::kCommitted, committed_json(known->seq), out);
    if (known->durable)
      orders_.reach(*order, Stage::kDurable, durable_json(known->audit_number), out);
  }
  watch(*order, asked, request, now, out);
  return true;
}

// --- Questions ---

void ControlCore::obey(const CommandReceived& asked, const PsCommand& ps, Now now, Effects& out) {
  out.push_back(Answer{asked.reply, ps_json(view(now), ps)});
}

void ControlCore::obey(const CommandReceived& asked, const StatusCommand&, Now now, Effects& out) {
  out.push_back(Answer{asked.reply, status_json(view(now))});
}

void ControlCore::obey(const CommandReceived& asked, const GetCommand& get, Now now, Effects& out) {
  const auto scope = schemas::Scope::of(get.address);
  if (!registry_.knows(scope) && ledger_.latches().covering(get.address, {}).empty()) {
    return refuse(asked,
                  {Errc::kNotFound,
                   "nobody of the name " + get.address.text() + " has ever announced itself"},
                  now, out);
  }
  out.push_back(ReadDetails{get.address, asked.reply});
}

void ControlCore::obey(const CommandReceived& asked, const AuditCommand& audit, Now, Effects& out) {
  out.push_back(QueryAudit{audit.query, asked.reply});
}

void ControlCore::obey(const CommandReceived& asked, const VerifyCommand&, Now, Effects& out) {
  out.push_back(VerifyAudit{asked.reply});
}

void ControlCore::on(const AuditListed& listed, Now, Effects& out) {
  out.push_back(Answer{listed.reply,
                       listed.rows ? audit_json(*listed.rows) : error_json(listed.rows.error())});
}

void ControlCore::on(const AuditVerified& verified, Now, Effects& out) {
  out.push_back(Answer{verified.reply, verified.verdict ? verdict_json(*verified.verdict)
                                                        : error_json(verified.verdict.error())});
}

void ControlCore::on(const DetailsRead& details, Now now, Effects& out) {
  out.push_back(Answer{details.reply,
                       get_json(view(now), details.address, details.checkpoints, details.begun)});
}

}  // namespace estop::control
