// SPDX-License-Identifier: Apache-2.0
#include "control/core/orders/resume_rules.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "control/core/sentences.h"

#include "schemas/printable.h"

namespace estop::control {

using schemas::Errc;
using schemas::fail;
using schemas::RecordKind;
using schemas::Result;

Result<void> ResumeRules::may_resume() const {
  if (ledger_.stream_healthy() && ledger_.recorder_healthy() && !ledger_.is_full()) {
    return bridges_.all_read(RecordKind::kResume);
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

// Who signs has to say it: on its way his word may be held back until there is another kill.
Result<schemas::Resume> ResumeRules::lifted_by(const ResumeCommand& resume, bool is_signed) const {
  const schemas::Scope& scope = resume.order.scope;
  const auto kills = ledger_.latches().exactly(scope);
  if (kills.empty()) return tl::make_unexpected(nothing_to_lift(scope));
  schemas::Resume lifting{.scope = scope, .lifts = resume.lifts, .through = resume.through};
  const bool says_what = !lifting.lifts.empty() || lifting.through.place.seq != 0;
  if (is_signed && (!says_what || resume.order.op_id.empty())) {
    return fail(Errc::kBadArgument,
                "'lifts' or 'through', or 'op_id', is missing: a signed resume says what it lifts, "
                "and names itself");
  }
  if (!says_what && kills.size() > schemas::kLiftsMax) {
    const schemas::Head head = ledger_.head();
    const auto stand = ledger_.latches().through_place(scope, head);
    lifting.through = schemas::through(head, {stand.begin(), stand.end()});
  } else if (!says_what) {
    for (const HeldKill* held : kills) lifting.lifts.push_back(held->latch.op_id);
  }
  if (const auto can = can_lift(lifting); !can) return tl::make_unexpected(can.error());
  return lifting;
}

schemas::Error ResumeRules::nothing_to_lift(const schemas::Scope& scope) const {
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

Result<void> ResumeRules::can_lift(const schemas::Resume& resume) const {
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
