// SPDX-License-Identifier: Apache-2.0

// Orders: kill, resume, approve.
#include <algorithm>
#include <initializer_list>
#include <utility>

#include "control/json/readers.h"
#include "schemas/order.h"
#include "schemas/printable.h"
#include "schemas/signing.h"

namespace estop::control {

using schemas::Errc;

namespace {

StageSet read_wait(Fields& fields, StageSet fallback, std::initializer_list<Stage> allowed) {
  StageSet chosen = 0;
  const auto words = fields.texts("wait");
  for (const std::string& word : words) {
    const auto* found = std::find_if(allowed.begin(), allowed.end(),
                                     [&](Stage stage) { return name(stage) == word; });
    if (found == allowed.end()) {
      fields.object_to("wait", "names '" + schemas::printable(word, kFieldShown_bytes) +
                                   "', which is no stage of this order");
    } else {
      chosen = static_cast<StageSet>(chosen | bit(*found));
    }
  }
  return chosen == 0 ? fallback : chosen;
}

OrderRequest read_order(Fields& fields) {
  OrderRequest order;
  const std::string scope = fields.text("scope", schemas::kKeyMax_bytes);
  if (scope.empty()) {
    fields.refuse("scope", "is missing: whom does it concern?", Errc::kBadScope);
  } else if (auto parsed = schemas::Scope::parse(scope)) {
    order.scope = *parsed;
  } else {
    fields.refuse(parsed.error());
  }
  order.reason = fields.is_tolerant()
                     ? fields.text("reason", schemas::kControlMessageMax_bytes)  // see settle_kill
                     : read_reason(fields);
  order.op_id = fields.text("op_id", schemas::kOpIdMax_bytes);
  if (!order.op_id.empty() && !schemas::is_segment(order.op_id)) {
    fields.object_to("op_id", "may hold a-z, 0-9, '-' and '_' only");
    order.op_id.clear();
  }
  order.timeout_ms =
      static_cast<std::uint32_t>(fields.number("timeout_ms", kWait_ms, 1, kWaitMax_ms));
  return order;
}

// By the rule that holds for orders that come signed, too.
void settle(KillCommand& kill) {
  schemas::Record as_order;
  as_order.kill().mode = kill.mode;
  as_order.kill().grace_ms = kill.grace_ms;
  as_order.reason = std::move(kill.order.reason);
  for (std::string& note : schemas::settle_kill(as_order)) kill.notes.push_back(std::move(note));
  kill.grace_ms = as_order.kill().grace_ms;
  kill.order.reason = std::move(as_order.reason);
}

// Never filled in: what is not there was not seen.
schemas::Through read_through(Fields& fields, const std::vector<std::string>& lifts) {
  schemas::Through through;
  auto given = fields.object("through");
  if (!given) return through;
  through.place.epoch = given->number("epoch", 0, 1, UINT64_MAX);
  through.place.seq = given->number("seq", 0, 1, UINT64_MAX);
  through.place.hash = read_hash(*given, "hash");
  through.count = given->number("count", 0, 1, UINT64_MAX);
  through.digest = read_hash(*given, "digest");
  if (through.place.epoch == 0 || through.place.seq == 0 || through.count == 0) {
    given->refuse("count", "or 'epoch' or 'seq' is missing");
  }
  fields.close("through", *given);
  if (!lifts.empty()) fields.refuse("through", "does not go with 'lifts': one of both");
  return through;
}

}  // namespace

std::string read_reason(Fields& fields) {
  std::string reason = schemas::printable(fields.text("reason", schemas::kReasonMax_bytes));
  if (reason.empty()) {
    fields.refuse("reason", "is missing: whoever reads the audit asks why", Errc::kMissingReason);
  }
  return reason;
}

Command read_kill(Fields& fields) {
  KillCommand kill;
  kill.order = read_order(fields);
  // An instance has no credential of its own.
  const bool can_revoke = kill.order.scope.kind() != schemas::Scope::Kind::kInstance;
  const bool asks_to_revoke = fields.flag("revoke");
  kill.revoke = asks_to_revoke && can_revoke;
  const StageSet revoked = kill.revoke ? bit(Stage::kRevoked) : StageSet{0};
  const StageSet usual = bit(Stage::kFenced) | bit(Stage::kStopped) | bit(Stage::kDurable);
  kill.order.wait = read_wait(
      fields, usual | revoked,
      {Stage::kFenced, Stage::kStopped, Stage::kDurable, Stage::kCommitted, Stage::kRevoked});
  const bool waits_for_nothing = !asks_to_revoke && (kill.order.wait & bit(Stage::kRevoked)) != 0;
  if (!kill.revoke) kill.order.wait &= static_cast<StageSet>(~bit(Stage::kRevoked));
  if (kill.order.wait == 0) kill.order.wait = usual;
  kill.mode = fields.one_of<schemas::KillMode>(
      "mode", {{"grace", schemas::KillMode::kGrace}, {"now", schemas::KillMode::kNow}});
  kill.grace_ms = static_cast<std::uint32_t>(
      fields.number("grace_ms", schemas::kGrace_ms, 0, schemas::kGraceMax_ms));
  for (const std::string& field : fields.unknown()) {
    fields.note("ignored field '" + schemas::printable(field, kFieldShown_bytes) + "'");
  }
  if (waits_for_nothing) fields.note("ignored field 'wait: revoked, without revoke'");
  if (!can_revoke && asks_to_revoke) fields.note("ignored field 'revoke'");
  kill.notes = fields.take_notes();
  settle(kill);
  return kill;
}

schemas::Hash read_hash(Fields& fields, const char* key) {
  const std::string text = fields.text(key, schemas::kKeyMax_bytes);
  const auto hash = schemas::hash_from_hex(text);
  if (!hash) fields.refuse(key, "is not 64 hexadecimal digits");
  return hash.value_or(schemas::Hash{});
}

Command read_resume(Fields& fields) {
  ResumeCommand resume;
  resume.order = read_order(fields);
  resume.order.wait = read_wait(fields, bit(Stage::kDurable) | bit(Stage::kOpened),
                                {Stage::kCommitted, Stage::kDurable, Stage::kOpened});
  resume.lifts = fields.texts("lifts");
  resume.through = read_through(fields, resume.lifts);
  // The others are reserved: nothing would carry them out.
  const bool is_redelivered = fields.one_of<bool>(
      "pending",
      {{"redeliver", true}, {"hold", false}, {"discard", false}, {"dead-letter", false}});
  if (!is_redelivered) {
    fields.refuse("pending",
                  "can only be redeliver: hold, discard and dead-letter need durable work, which "
                  "comes later; leave the field out");
  }
  fields.refuse_unknown();
  return resume;
}

Command read_approve(Fields& fields) {
  ApproveCommand approve;
  approve.order = read_order(fields);
  approve.kind = fields.one_of<schemas::RecordKind>(
      "verb", {{"resume", schemas::RecordKind::kResume}, {"kill", schemas::RecordKind::kKill}});
  approve.lifts = fields.texts("lifts");
  approve.through = read_through(fields, approve.lifts);
  const bool is_kill = approve.kind == schemas::RecordKind::kKill;
  approve.order.wait =
      is_kill ? read_wait(fields, bit(Stage::kFenced) | bit(Stage::kStopped) | bit(Stage::kDurable),
                          {Stage::kFenced, Stage::kStopped, Stage::kDurable, Stage::kCommitted})
              : read_wait(fields, bit(Stage::kDurable) | bit(Stage::kOpened),
                          {Stage::kCommitted, Stage::kDurable, Stage::kOpened});
  if (approve.order.op_id.empty()) fields.refuse("op_id", "is missing: which order?");
  fields.refuse_unknown();
  return approve;
}

}  // namespace estop::control
