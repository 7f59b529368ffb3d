// SPDX-License-Identifier: Apache-2.0
#include "control/json/commands.h"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/json/fields.h"
#include "schemas/order.h"
#include "schemas/printable.h"
#include "schemas/signing.h"

namespace estop::control {

using schemas::Errc;
using schemas::fail;
using schemas::Result;

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

std::string read_reason(Fields& fields) {
  std::string reason = schemas::printable(fields.text("reason", schemas::kReasonMax_bytes));
  if (reason.empty()) {
    fields.refuse("reason", "is missing: whoever reads the audit asks why", Errc::kMissingReason);
  }
  return reason;
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

constexpr std::size_t kCursorMax_bytes = 1'024;

// A cursor begins with the name of the list that it points into.
PageRequest read_page(Fields& fields, std::initializer_list<std::string_view> lists) {
  PageRequest page;
  page.after = fields.text("after", kCursorMax_bytes);
  page.limit =
      static_cast<std::uint32_t>(fields.number("limit", kPageMax_items, 1, kPageMax_items));
  const std::string_view list = std::string_view(page.after).substr(0, page.after.find('/'));
  const bool is_known = std::find(lists.begin(), lists.end(), list) != lists.end();
  if (!page.after.empty() && !is_known) {
    fields.refuse("after", "is not the 'next' of an answer to this question");
  }
  return page;
}

std::optional<schemas::Scope> read_scope(Fields& fields, const char* key) {
  const std::string text = fields.text(key, schemas::kKeyMax_bytes);
  if (text.empty()) return std::nullopt;
  auto scope = schemas::Scope::parse(text);
  if (scope) return *scope;
  fields.refuse(scope.error());
  return std::nullopt;
}

Command read_ps(Fields& fields) {
  PsCommand ps;
  ps.filter = read_scope(fields, "filter").value_or(schemas::Scope{});
  ps.wide = fields.flag("wide");
  ps.kills_of = read_scope(fields, "kills_of");
  ps.page = read_page(fields, {kKillList, kAgentList});
  fields.refuse_unknown();
  return ps;
}

Command read_get(Fields& fields) {
  GetCommand get;
  auto address = schemas::Address::parse(fields.text("address", schemas::kKeyMax_bytes));
  if (!address) fields.refuse(address.error());
  if (address) get.address = *address;
  get.page = read_page(fields, {kKillList, kAgentList, kCheckpointList, kEffectList});
  fields.refuse_unknown();
  return get;
}

Command read_audit(Fields& fields) {
  AuditCommand audit;
  audit.query.after = fields.number("after", 0, 0, UINT64_MAX);
  audit.query.limit = static_cast<std::uint32_t>(fields.number("limit", 100, 1, 10'000));
  audit.query.before = fields.number("before", 0, 0, UINT64_MAX);
  audit.query.newest_first = fields.flag("newest_first");
  audit.query.max_bytes = kPageMax_bytes;
  audit.query.kind = fields.text("kind", schemas::kKeyMax_bytes);
  audit.query.subject = fields.text("subject", schemas::kKeyMax_bytes);
  audit.query.op_id = fields.text("op_id", schemas::kKeyMax_bytes);
  fields.refuse_unknown();
  return audit;
}

Command read_revoke(Fields& fields) {
  RevokeCommand revoke;
  revoke.who = fields.text("who", schemas::kKeyMax_bytes);
  revoke.users = fields.texts("users");
  revoke.reason = read_reason(fields);
  revoke.check = fields.flag("check");
  if (revoke.who.empty()) fields.refuse("who", "is missing: whose credential?");
  if (revoke.who == "control" && revoke.users.empty()) {
    fields.refuse("who", "is control itself, which would lock itself out; rotate it instead");
  }
  fields.refuse_unknown();
  return revoke;
}

Command read_cut(Fields& fields) {
  CutCommand cut;
  cut.request.after = fields.number("after", 0, 0, UINT64_MAX);
  cut.request.through = fields.number("through", 0, 1, UINT64_MAX);
  cut.request.hash = read_hash(fields, "hash");
  cut.request.kept_at = schemas::printable(fields.text("kept_at", kKeptAtMax_bytes));
  cut.request.reason = read_reason(fields);
  fields.refuse_unknown();
  return cut;
}

Command read_status(Fields& fields) {
  StatusCommand status;
  status.page = read_page(fields, {kBridgeList, kKillList, kProposalList});
  fields.refuse_unknown();
  return status;
}

Command read_verify(Fields& fields) {
  fields.refuse_unknown();
  return VerifyCommand{};
}

constexpr std::pair<std::string_view, Command (*)(Fields&)> kVerbs[] = {
    {"kill", read_kill},     {"resume", read_resume}, {"approve", read_approve},
    {"ps", read_ps},         {"get", read_get},       {"audit", read_audit},
    {"revoke", read_revoke}, {"status", read_status}, {"verify", read_verify},
    {"cut", read_cut},
};

}  // namespace

Result<Command> parse_command(std::string_view verb, std::string_view text) {
  const auto* found = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                   [&](const auto& entry) { return entry.first == verb; });
  if (found == std::end(kVerbs)) {
    return fail(Errc::kUnknownType, "no command '" + std::string(verb) + "'");
  }
  auto fields = Fields::parse(text, verb == "kill");
  if (!fields) return tl::make_unexpected(fields.error());
  Command command = found->second(*fields);
  if (fields->problem().code != Errc::kOk) return tl::make_unexpected(fields->problem());
  return command;
}

CommandReceived command_of(std::string actor, std::string verb, std::string json,
                           std::string fresh_op_id, Asker asker) {
  CommandReceived received;
  received.actor = std::move(actor);
  received.verb = std::move(verb);
  received.fresh_op_id = std::move(fresh_op_id);
  received.asker = std::move(asker);
  auto opened = schemas::open_command(json);
  if (!opened) {
    received.unreadable = std::move(opened.error());
    return received;
  }
  received.signature = std::move(*opened);
  received.command =
      parse_command(received.verb, received.signature ? received.signature->text : json);
  received.text = std::move(json);
  return received;
}

nlohmann::json through_json(const schemas::Through& through) {
  return {{"epoch", through.place.epoch},
          {"seq", through.place.seq},
          {"hash", schemas::hex(through.place.hash)},
          {"count", through.count},
          {"digest", schemas::hex(through.digest)}};
}

}  // namespace estop::control
