// SPDX-License-Identifier: Apache-2.0

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
  OrderRequest request = kill.order;
  if (request.op_id.empty()) request.op_id = asked.fresh_op_id;
  if (look_up(asked, kill, now, out)) return;
  const KillClaim claim = claim_kill(request.op_id, request.scope, asked.actor);
  if (claim.is == OpIs::kLifted) return refuse(asked, lifted_error(claim, request.scope), now, out);
  std::vector<std::string> notes = kill.notes;
  if (!claim.given_as.empty()) notes.push_back(taken_note(claim));
  if (const auto may = may_revoke(asked, kill); !may) {
    notes.push_back("nothing is revoked: " + may.error().detail);
    request.never = bit(Stage::kRevoked);
  } else if (kill.revoke) {
    want_revocation(asked, kill, claim.op_id, now);
  }
  if (claim.is != OpIs::kNew) {
    keep_proof(asked, request.scope.text(), claim.op_id, now, out);
    return watch(kept_order(claim, request.scope, now, out), asked, request, std::move(notes), now,
                 out);
  }
  schemas::Record draft = asked_draft(RecordKind::kKill, asked, request);
  draft.op_id = claim.op_id;
  draft.target = claim.given_as;
  draft.mode = kill.mode;
  draft.grace_ms = kill.grace_ms;
  if (auto fits = schemas::check_record(draft); !fits) {
    return refuse(asked, fits.error(), now, out);
  }
  if (needs_second(draft)) {
    return propose(asked, request, std::move(draft), std::move(notes), now, out);
  }
  Order& order = order_kill(std::move(draft), kill_warnings(request.scope), now, out);
  keep_proof(asked, request.scope.text(), claim.op_id, now, out);
  watch(order, asked, request, std::move(notes), now, out);
}

Order& ControlCore::order_kill(schemas::Record draft, std::vector<std::string> warnings, Now now,
                               Effects& out) {
  const AuditEntry entry =
      audit_line(now, "kill", draft.actor, draft.scope.text(), draft.op_id, order_detail(draft));
  const auto record = ledger_.append(std::move(draft), entry, now, out);
  ++counters_.kills;
  Order& order = begin_kill(record, std::move(warnings), now, out);
  publish_unless_stored(entry, out);
  return order;
}

void ControlCore::watch(Order& order, const CommandReceived& asked, const OrderRequest& request,
                        std::vector<std::string> notes, Now now, Effects& out) {
  orders_.watch(order, asked.reply, request, std::move(notes),
                now.boot_us + request.timeout_ms * 1'000ULL, out);
}

std::vector<std::string> ControlCore::kill_warnings(const schemas::Scope& scope) const {
  std::vector<std::string> warnings;
  const auto held = ledger_.latches().exactly(scope);
  for (std::size_t i = 0; i < held.size() && i < kKillsNamed; ++i) {
    warnings.push_back("already " + kill_sentence(held[i]->latch));
  }
  if (held.size() > kKillsNamed) {
    warnings.push_back(fmt::format("and by {} more kills of it", held.size() - kKillsNamed));
  }
  if (!registry_.knows(scope)) {
    warnings.emplace_back("nobody of that name has announced itself; whoever does is killed");
  }
  if (ledger_.is_blind()) warnings.emplace_back("the control log cannot be read yet");
  for (const BridgeName& bridge : roster_.cannot_read(RecordKind::kKill)) {
    warnings.push_back("bridge " + bridge.id + " does not read it and closes for good");
  }
  return warnings;
}

// The record is published: everybody else is told, and the counting begins.
Order& ControlCore::begin_kill(const schemas::SignedRecord& record,
                               std::vector<std::string> warnings, Now now, Effects& out) {
  publish_kill(record, out);
  return count_kill(record, std::move(warnings), now, out);
}

void ControlCore::publish_kill(const schemas::SignedRecord& record, Effects& out) {
  const schemas::Address address = record.record.scope.address();
  out.push_back(
      PublishToAgents{address.empty() ? std::nullopt : std::optional(address), record.frame});
  out.push_back(Flush{});
}

Order& ControlCore::count_kill(const schemas::SignedRecord& record,
                               std::vector<std::string> warnings, Now now, Effects& out) {
  Order& order = begin_order(record, std::move(warnings), now);
  const std::string& op_id = order.op_id;
  StopCount& stops = registry_.expect_stops(op_id, record.record.scope, now.boot_us);
  const Gathering& fence = roster_.gather(op_id, record.record.seq, true, now.boot_us);
  if (fence.done_us != 0) gathered(order, fence, now, out);
  tell_stops(order, stops, now, out);
  return order;
}

Order& ControlCore::begin_order(const schemas::SignedRecord& record,
                                std::vector<std::string> warnings, Now now) {
  const schemas::Record& order = record.record;
  return orders_.add({.op_id = order.op_id,
                      .kind = order.kind,
                      .scope = order.scope,
                      .actor = order.actor,
                      .frame = record.frame,
                      .started_us = now.boot_us,
                      .seq = order.seq,
                      .warnings = std::move(warnings)});
}

// --- Asked again ---

// A kill that waits or holds, as it goes on. After 10 minutes or a restart it is counted anew:
// whoever obeys it already confirms once more.
Order& ControlCore::kept_order(const KillClaim& claim, const schemas::Scope& scope, Now now,
                               Effects& out) {
  if (Order* order = orders_.find(claim.op_id)) return *order;
  const std::vector<std::string> notes = {"this order was given before"};
  schemas::SignedRecord first;
  first.record = draft_of(RecordKind::kKill, claim.op_id, {});
  first.record.scope = scope;
  const OpState* known = ledger_.find(claim.op_id);
  if (claim.is != OpIs::kInForce || known == nullptr) return begin_order(first, notes, now);
  const HeldKill* held = ledger_.latches().find(claim.op_id);
  first.record.seq = known->seq;
  first.record.actor = held != nullptr ? held->latch.actor : std::string();
  first.frame = held != nullptr ? held->frame : ledger_.stored_frame(claim.op_id);
  if (first.frame.empty()) return begin_order(first, notes, now);
  Ledger::announce(first.frame, out);
  Order& order = begin_kill(first, notes, now, out);
  tell_progress(order, *known, out);
  return order;
}

void ControlCore::tell_progress(Order& order, const OpState& known, Effects& out) {
  if (known.committed) orders_.reach(order, Stage::kCommitted, committed_json(known.seq), out);
  if (!known.durable) return;
  // A control that started since does not know the number of its line: the recorder does.
  const bool is_known = known.audit_number != 0 || known.is_line_gone;
  if (is_known)
    return orders_.reach(order, Stage::kDurable, durable_json(known, audit_begins_), out);
  out.push_back(FindOrder{0, order.op_id});
}

// The answer, or that there is none, to an order that waits for the number of its line.
void ControlCore::tell_line(const OrderFound& told, Effects& out) {
  const bool is_found = told.found && told.found->has_value();
  if (is_found) ledger_.note_line(told.op_id, (*told.found)->audit_number);
  Order* order = orders_.find(told.op_id);
  const OpState* known = ledger_.find(told.op_id);
  if (order == nullptr || known == nullptr || !known->durable || order->has(Stage::kDurable))
    return;
  orders_.reach(*order, Stage::kDurable, durable_json(*known, audit_begins_), out);
}

// --- Questions ---

void ControlCore::obey(const CommandReceived& asked, const PsCommand& ps, Now now, Effects& out) {
  out.push_back(Answer{asked.reply, ps.kills_of ? kills_json(view(now), *ps.kills_of, ps.page)
                                                : ps_json(view(now), ps)});
}

void ControlCore::obey(const CommandReceived& asked, const StatusCommand& status, Now now,
                       Effects& out) {
  out.push_back(Answer{asked.reply, status_json(view(now), status.page)});
}

void ControlCore::obey(const CommandReceived& asked, const GetCommand& get, Now now, Effects& out) {
  const auto scope = schemas::Scope::of(get.address);
  if (!registry_.knows(scope) && ledger_.latches().covering(get.address, {}).empty()) {
    return refuse(asked,
                  {Errc::kNotFound,
                   "nobody of the name " + get.address.text() + " has ever announced itself"},
                  now, out);
  }
  out.push_back(ReadDetails{get.address, asked.reply, get.page});
}

void ControlCore::obey(const CommandReceived& asked, const AuditCommand& audit, Now, Effects& out) {
  out.push_back(QueryAudit{audit.query, asked.reply});
}

void ControlCore::obey(const CommandReceived& asked, const VerifyCommand&, Now, Effects& out) {
  out.push_back(VerifyAudit{asked.reply});
}

void ControlCore::obey(const CommandReceived& asked, const CutCommand& cut, Now now, Effects& out) {
  keep_proof(asked, std::to_string(cut.request.through), {}, now, out);
  CutRequest request = cut.request;
  request.actor = asked.actor;
  request.at_ms = now.wall_ms;
  out.push_back(CutAway{std::move(request), asked.reply});
}

void ControlCore::on(const AuditListed& listed, Now, Effects& out) {
  out.push_back(Answer{listed.reply, listed.rows
                                         ? audit_json(*listed.rows, listed.query, audit_begins_)
                                         : error_json(listed.rows.error())});
}

void ControlCore::on(const AuditBegins& begins, Now, Effects&) {
  if (begins.cut) audit_begins_ = *begins.cut;
}

void ControlCore::on(const AuditCutAway& done, Now now, Effects& out) {
  if (!done.cut) {
    CommandReceived asked;
    asked.actor = done.asked.actor;
    asked.verb = "cut";
    asked.reply = done.reply;
    return refuse(asked, done.cut.error(), now, out);
  }
  audit_begins_ = *done.cut;
  for (auto& [op_id, order] : orders_.all()) {  // what is told to those who ask again
    const OpState* known = ledger_.find(op_id);
    if (known == nullptr || !order.has(Stage::kDurable)) continue;
    order.newest[Stage::kDurable] = durable_json(*known, audit_begins_);
  }
  out.push_back(Answer{done.reply, cut_json(audit_begins_)});
}

void ControlCore::on(const AuditVerified& verified, Now, Effects& out) {
  out.push_back(Answer{verified.reply, verified.verdict ? verdict_json(*verified.verdict)
                                                        : error_json(verified.verdict.error())});
}

void ControlCore::on(const DetailsRead& details, Now now, Effects& out) {
  out.push_back(Answer{details.reply, get_json(view(now), details.address, details.checkpoints,
                                               details.begun, details.page)});
}

}  // namespace estop::control
