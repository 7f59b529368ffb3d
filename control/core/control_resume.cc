// SPDX-License-Identifier: Apache-2.0

// What control does when an operator lets a killed scope go on.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "control/core/control_core.h"
#include "schemas/codec.h"
#include "schemas/printable.h"

namespace estop::control {

using schemas::Errc;
using schemas::fail;
using schemas::RecordKind;
using schemas::Result;

void ControlCore::obey(const CommandReceived& asked, const ResumeCommand& resume, Now now,
                       Effects& out) {
  const OrderRequest& request = resume.order;
  if (watch_proposed_resume(asked, resume, now, out)) return;
  if (repeat_resume(asked, resume, now, out)) return;
  const auto lifts = lifted_by(asked, resume);
  if (!lifts) return refuse(asked, lifts.error(), now, out);
  if (const auto may = may_resume(); !may) return refuse(asked, may.error(), now, out);
  schemas::Record draft = asked_draft(RecordKind::kResume, asked, request);
  draft.lifts = *lifts;
  draft.pending = resume.pending;
  schemas::Record as_written = draft;  // each record names a part of what it lifts
  as_written.lifts.clear();
  if (auto fits = schemas::check_record(as_written); !fits) {
    return refuse(asked, fits.error(), now, out);
  }
  if (needs_second(draft)) return propose(asked, request, std::move(draft), {}, now, out);
  const std::string op_id = draft.op_id;
  Order& order = order_resume(std::move(draft), now, out);
  keep_proof(asked, request.scope.text(), op_id, now, out);
  watch(order, asked, request, {}, now, out);
}

// One record names a few kills only, so that every reader takes it. What is left goes into records
// of their own before: the order is done when the last one is, which carries its op id.
Order& ControlCore::order_resume(schemas::Record draft, Now now, Effects& out) {
  std::vector<std::string> warnings = resume_warnings(draft.scope, draft.lifts);
  std::vector<std::string> lifts;
  for (const std::string& op_id : draft.lifts) {
    lifts.push_back(op_id);
    const HeldKill* held = ledger_.latches().find(op_id);
    if (held != nullptr && !held->given_as.empty()) lifts.push_back(held->given_as);
  }
  std::sort(lifts.begin(), lifts.end());
  lifts.erase(std::unique(lifts.begin(), lifts.end()), lifts.end());
  unsigned parts = 0;
  while (lifts.size() > schemas::kLiftsMax) {
    schemas::Record part = draft;
    do {  // an earlier attempt may have got so far
      part.op_id = own_op_id(draft.op_id, draft.scope, parts++);
    } while (ledger_.find(part.op_id) != nullptr);
    part.target = draft.op_id;
    part.lifts.assign(lifts.end() - schemas::kLiftsMax, lifts.end());
    lifts.resize(lifts.size() - schemas::kLiftsMax);
    append_resume(std::move(part), now, out);
  }
  draft.lifts = std::move(lifts);
  const auto record = append_resume(std::move(draft), now, out);
  ++counters_.resumes;
  return begin_order(record, std::move(warnings), now);
}

schemas::SignedRecord ControlCore::append_resume(schemas::Record draft, Now now, Effects& out) {
  AuditEntry entry =
      audit_line(now, "resume", draft.actor, draft.scope.text(), draft.op_id, order_detail(draft));
  out.push_back(PublishEvent{*schemas::Segment::parse("resume"), entry});
  return ledger_.append(std::move(draft), std::move(entry), now, out);
}

std::vector<std::string> ControlCore::resume_warnings(const schemas::Scope& scope,
                                                      const std::vector<std::string>& lifts) const {
  const std::set<std::string> named(lifts.begin(), lifts.end());
  auto still = ledger_.latches().wider_than(scope);
  for (const HeldKill& held : ledger_.latches().exactly(scope)) {
    if (!named.contains(held.latch.op_id)) still.push_back(&held);
  }
  std::vector<std::string> warnings;
  for (std::size_t i = 0; i < still.size() && i < kKillsNamed; ++i) {
    warnings.push_back("still " + kill_sentence(still[i]->latch));
  }
  if (still.size() > kKillsNamed) {
    warnings.push_back(fmt::format("and by {} more kills", still.size() - kKillsNamed));
  }
  return warnings;
}

// True: the op id is known. Its first order stands; the asker watches it as it goes on, and is told
// what holds now.
bool ControlCore::repeat_resume(const CommandReceived& asked, const ResumeCommand& resume, Now now,
                                Effects& out) {
  const OrderRequest& request = resume.order;
  const bool is_unwritten = unwritten_.contains(request.op_id);
  const OpState* known = request.op_id.empty() ? nullptr : ledger_.find(request.op_id);
  if (known == nullptr && !is_unwritten) return false;
  const bool is_resume = known != nullptr && known->kind == RecordKind::kResume;
  if (!is_resume || known->scope != request.scope) {
    refuse(asked, {Errc::kBadArgument, "op_id '" + request.op_id + "' names another order"}, now,
           out);
    return true;
  }
  if (const auto same = is_same_resume(resume); !same) {
    refuse(asked, same.error(), now, out);
    return true;
  }
  std::vector<std::string> notes;
  Order* order = orders_.find(request.op_id);
  if (order == nullptr) {
    schemas::SignedRecord first;  // without a frame: the runtimes have heard it
    first.record = draft_of(RecordKind::kResume, request.op_id, asked.actor);
    first.record.seq = known->seq;
    first.record.scope = known->scope;
    order = &begin_order(first, {"this order was given before"}, now);
    if (known->applied) {
      gathered(*order, roster_.gather(request.op_id, known->seq, false, now.boot_us), now, out);
    }
    tell_progress(*order, *known, out);
  } else if (known->applied) {
    order->warnings.clear();
  }
  if (known->applied) notes = resume_warnings(request.scope, {});
  watch(*order, asked, request, std::move(notes), now, out);
  return true;
}

// What opens something has to outlive any loss first.
Result<void> ControlCore::may_resume() const {
  if (ledger_.stream_healthy() && ledger_.recorder_healthy() && !ledger_.is_full()) return {};
  constexpr const char* kFirst = "a resume has to be committed and durable first";
  if (!ledger_.recorder_healthy()) {
    return fail(Errc::kStoreUnavailable,
                fmt::format("the recorder cannot write: {}; look at the disk of control's data "
                            "folder, and try again",
                            kFirst));
  }
  if (ledger_.is_leading()) {
    return fail(Errc::kStoreUnavailable,
                fmt::format("{}; {}", stream_sentence(ledger_.stream_problem()), kFirst));
  }
  return fail(Errc::kStoreUnavailable, fmt::format("the control log is not open yet: {}", kFirst));
}

// The op ids that a resume lifts: those it names, or every kill of exactly its scope. Who signs has
// to name them: on its way his word may be held back until there is another kill.
Result<std::vector<std::string>> ControlCore::lifted_by(const CommandReceived& asked,
                                                        const ResumeCommand& resume) const {
  const schemas::Scope& scope = resume.order.scope;
  const auto& kills = ledger_.latches().exactly(scope);
  if (kills.empty()) {
    const auto wider = ledger_.latches().wider_than(scope);
    if (!wider.empty()) {
      return fail(Errc::kNotKilled, scope.text() + " itself is not killed, but " +
                                        kill_sentence(wider.front()->latch) +
                                        "; resume that scope");
    }
    if (!registry_.knows(scope)) {
      return fail(Errc::kNotFound, "nobody of the name " + scope.text() +
                                       " has announced itself, and it is not killed");
    }
    return fail(Errc::kNotKilled, scope.text() + " is not killed");
  }
  std::vector<std::string> lifts = resume.lifts;
  if (!asked.proof.empty() && (lifts.empty() || resume.order.op_id.empty())) {
    return fail(Errc::kBadArgument,
                "'lifts' and 'op_id' are missing: a signed resume names what it lifts, and itself");
  }
  if (lifts.empty()) {
    for (const HeldKill& held : kills) lifts.push_back(held.latch.op_id);
  }
  if (const auto can = can_lift(scope, lifts); !can) return tl::make_unexpected(can.error());
  return lifts;
}

Result<void> ControlCore::can_lift(const schemas::Scope& scope,
                                   const std::vector<std::string>& lifts) const {
  const auto on_their_way = ledger_.being_lifted();
  std::set<std::string_view> seen;
  for (const std::string& op_id : lifts) {
    const std::string shown = schemas::printable(op_id, schemas::kOpIdMax_bytes);
    if (!seen.insert(op_id).second) {
      return fail(Errc::kBadArgument, "'lifts' names " + shown + " twice");
    }
    const HeldKill* held = ledger_.latches().find(op_id);
    if (held == nullptr || held->latch.scope != scope) {
      return fail(Errc::kNotKilled, "no kill " + shown + " of " + scope.text() + " holds");
    }
    if (on_their_way.contains(op_id)) {
      return fail(Errc::kNotKilled, "a resume that lifts " + shown + " is on its way already");
    }
  }
  return {};
}

}  // namespace estop::control
