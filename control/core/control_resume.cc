// What control does when an operator lets a killed scope go on.
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

void ControlCore::obey(const CommandReceived& asked, const ResumeCommand& resume, Now now,
                       Effects& out) {
  const OrderRequest& request = resume.order;
  if (watch_proposed(asked, request, RecordKind::kResume, now, out)) return;
  if (repeat(asked, request, RecordKind::kResume, now, out)) return;
  const auto lifts = lifted_by(asked, resume);
  if (!lifts) return refuse(asked, lifts.error(), now, out);
  if (const auto may = may_resume(); !may) return refuse(asked, may.error(), now, out);
  schemas::Record draft = asked_draft(RecordKind::kResume, asked, request);
  draft.lifts = *lifts;
  draft.pending = resume.pending;
  if (auto fits = schemas::check_record(draft); !fits) {
    return refuse(asked, fits.error(), now, out);
  }
  if (needs_second(draft)) return propose(asked, request, std::move(draft), now, out);
  const std::string op_id = draft.op_id;
  Order& order = order_resume(std::move(draft), now, out);
  keep_proof(asked, request.scope.text(), op_id, now, out);
  watch(order, asked, request, now, out);
}

Order& ControlCore::order_resume(schemas::Record draft, Now now, Effects& out) {
  std::vector<std::string> warnings;
  for (const HeldKill& held : ledger_.latches().wider_than(draft.scope)) {
    warnings.push_back("still " + kill_sentence(held.latch));
  }
  for (const HeldKill& held : ledger_.latches().exactly(draft.scope)) {
    const auto& lifts = draft.lifts;
    const bool named = std::find(lifts.begin(), lifts.end(), held.latch.op_id) != lifts.end();
    if (!named) warnings.push_back("still " + kill_sentence(held.latch));
  }
  AuditEntry entry =
      audit_line(now, "resume", draft.actor, draft.scope.text(), draft.op_id, order_detail(draft));
  out.push_back(PublishEvent{*schemas::Segment::parse("resume"), event_json(entry)});
  const auto record = ledger_.append(std::move(draft), std::move(entry), now, out);
  ++counters_.resumes;
  return begin_order(record, warnings, now);
}

// What opens something has to outlive any loss first.
Result<void> ControlCore::may_resume() const {
  if (ledger_.stream_healthy() && ledger_.recorder_healthy() && !ledger_.is_full()) return {};
  const char* why = !ledger_.recorder_healthy() ? "the recorder cannot write"
                    : ledger_.is_leading()      ? "the stream does not take records"
                                                : "the control log is not open yet";
  return fail(Errc::kStoreUnavailable,
              fmt::format("{}: a resume has to be committed and durable first", why));
}

// The op ids that a resume lifts: those it names, or every kill of exactly its scope. Who signs has
// to name them: on its way his word may be held back until there is another kill.
Result<std::vector<std::string>> ControlCore::lifted_by(const CommandReceived& asked,
                                                        const ResumeCommand& resume) const {
  const schemas::Scope& scope = resume.order.scope;
  const auto kills = ledger_.latches().exactly(scope);
  if (kills.empty()) {
    const auto wider = ledger_.latches().wider_than(scope);
    if (!wider.empty()) {
      return fail(Errc::kNotKilled, scope.text() + " itself is not killed, but " +
                                        kill_sentence(wider.front().latch) + "; resume that scope");
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
  const auto kills = ledger_.latches().exactly(scope);
  for (const std::string& op_id : lifts) {
    const bool held = std::any_of(kills.begin(), kills.end(),
                                  [&](const HeldKill& kill) { return kill.latch.op_id == op_id; });
    if (!held) return fail(Errc::kNotKilled, "no kill " + op_id + " of " + scope.text() + " holds");
    if (ledger_.is_being_lifted(op_id)) {
      return fail(Errc::kNotKilled, "a resume that lifts " + op_id + " is on its way already");
    }
  }
  return {};
}

}  // namespace estop::control
