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
  if (look_up(asked, resume, now, out)) return;
  if (watch_proposed_resume(asked, resume, now, out)) return;
  if (repeat_resume(asked, resume, now, out)) return;
  auto draft = draft_resume(asked, resume);
  if (!draft) return refuse(asked, draft.error(), now, out);
  if (const auto may = may_resume(); !may) return refuse(asked, may.error(), now, out);
  if (auto fits = schemas::check_record(*draft); !fits) {
    return refuse(asked, fits.error(), now, out);
  }
  if (needs_second(*draft)) return propose(asked, request, std::move(*draft), {}, now, out);
  const std::string op_id = draft->op_id;
  Order& order = order_resume(std::move(*draft), now, out);
  keep_proof(asked, request.scope.text(), op_id, now, out);
  watch(order, asked, request, {}, now, out);
}

Order& ControlCore::order_resume(schemas::Record draft, Now now, Effects& out) {
  std::vector<std::string> warnings = resume_warnings(draft);
  const auto record = append_resume(std::move(draft), now, out);
  ++counters_.resumes;
  return begin_order(record, std::move(warnings), now);
}

schemas::SignedRecord ControlCore::append_resume(schemas::Record draft, Now now, Effects& out) {
  AuditEntry entry =
      audit_line(now, "resume", draft.actor, draft.scope.text(), draft.op_id, order_detail(draft));
  publish_unless_stored(entry, out);
  return ledger_.append(std::move(draft), std::move(entry), now, out);
}

// What holds besides what this resume lifts.
std::vector<std::string> ControlCore::resume_warnings(const schemas::Record& resume) const {
  const Latches::Kills lifted = ledger_.latches().lifted_by(resume);
  const std::set<const HeldKill*> goes(lifted.begin(), lifted.end());
  auto still = ledger_.latches().wider_than(resume.scope);
  for (const HeldKill* held : ledger_.latches().exactly(resume.scope)) {
    if (!goes.contains(held)) still.push_back(held);
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
  if (known == nullptr && ledger_.may_be_forgotten(request.op_id)) {
    refuse(asked,
           {Errc::kStoreUnavailable, "the recorder does not say whether op_id '" + request.op_id +
                                         "' was used before: try again, or give a new one"},
           now, out);
    return true;
  }
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
  schemas::Record lifts_nothing;
  lifts_nothing.scope = request.scope;
  if (known->applied) notes = resume_warnings(lifts_nothing);
  watch(*order, asked, request, std::move(notes), now, out);
  return true;
}

// What opens something has to outlive any loss first.
Result<void> ControlCore::may_resume() const {
  if (ledger_.stream_healthy() && ledger_.recorder_healthy() && !ledger_.is_full()) {
    return all_bridges_read(RecordKind::kResume);
  }
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

// What a resume lifts: what it names, the place that it gives, or every kill of exactly its scope.
// Who signs has to say it: on its way his word may be held back until there is another kill.
Result<schemas::Record> ControlCore::draft_resume(const CommandReceived& asked,
                                                  const ResumeCommand& resume) const {
  const schemas::Scope& scope = resume.order.scope;
  const auto kills = ledger_.latches().exactly(scope);
  if (kills.empty()) return tl::make_unexpected(nothing_to_lift(scope));
  schemas::Record draft = asked_draft(RecordKind::kResume, asked, resume.order);
  draft.lifts = resume.lifts;
  draft.through = resume.through;
  const bool says_what = !draft.lifts.empty() || draft.through.place.seq != 0;
  if (!asked.proof.empty() && (!says_what || resume.order.op_id.empty())) {
    return fail(Errc::kBadArgument,
                "'lifts' or 'through', or 'op_id', is missing: a signed resume says what it lifts, "
                "and names itself");
  }
  if (!says_what && kills.size() > schemas::kLiftsMax) {
    const schemas::Head head = ledger_.head();
    const auto stand = ledger_.latches().through_place(scope, head);
    draft.through = schemas::through(head, {stand.begin(), stand.end()});
  } else if (!says_what) {
    for (const HeldKill* held : kills) draft.lifts.push_back(held->latch.op_id);
  }
  if (const auto can = can_lift(draft); !can) return tl::make_unexpected(can.error());
  return draft;
}

schemas::Error ControlCore::nothing_to_lift(const schemas::Scope& scope) const {
  const auto wider = ledger_.latches().wider_than(scope);
  if (!wider.empty()) {
    return {Errc::kNotKilled, scope.text() + " itself is not killed, but " +
                                  kill_sentence(wider.front()->latch) + "; resume that scope"};
  }
  if (!registry_.knows(scope)) {
    return {Errc::kNotFound,
            "nobody of the name " + scope.text() + " has announced itself, and it is not killed"};
  }
  return {Errc::kNotKilled, scope.text() + " is not killed"};
}

Result<void> ControlCore::can_lift(const schemas::Record& resume) const {
  const schemas::Scope& scope = resume.scope;
  const auto on_their_way = ledger_.being_lifted();
  const auto is_on_its_way = [&](const std::string& op_id) {
    return fail(Errc::kNotKilled, "a resume that lifts " + op_id + " is on its way already");
  };
  if (resume.through.place.seq != 0) {
    const auto stand = ledger_.latches().through_place(scope, resume.through.place);
    const bool is_seen =
        ledger_.contains(resume.through.place) &&
        schemas::through(resume.through.place, {stand.begin(), stand.end()}) == resume.through;
    if (!is_seen) {
      return fail(Errc::kLogConflict,
                  fmt::format("the kills of {} through record {}:{} are not the {} that 'through' "
                              "means: look again, and resume what holds now",
                              scope.text(), resume.through.place.epoch, resume.through.place.seq,
                              resume.through.count));
    }
    for (const HeldKill* held : stand) {
      if (on_their_way.contains(held->latch.op_id)) return is_on_its_way(held->latch.op_id);
    }
    return {};
  }
  std::set<std::string_view> seen;
  for (const std::string& op_id : resume.lifts) {
    const std::string shown = schemas::printable(op_id, schemas::kOpIdMax_bytes);
    if (!seen.insert(op_id).second) {
      return fail(Errc::kBadArgument, "'lifts' names " + shown + " twice");
    }
    const HeldKill* held = ledger_.latches().find(op_id);
    if (held == nullptr || held->latch.scope != scope) {
      return fail(Errc::kNotKilled, "no kill " + shown + " of " + scope.text() + " holds");
    }
    if (on_their_way.contains(op_id)) return is_on_its_way(shown);
  }
  return {};
}

}  // namespace estop::control
