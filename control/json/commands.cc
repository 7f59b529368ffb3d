// SPDX-License-Identifier: Apache-2.0
#include "control/json/commands.h"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/json/readers.h"
#include "schemas/order.h"
#include "schemas/printable.h"
#include "schemas/signing.h"

namespace estop::control {

using schemas::Errc;
using schemas::fail;
using schemas::Result;

namespace {

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

CommandReceived command_of(std::string actor, std::string verb, std::string text,
                           std::string fresh_op_id, Asker asker) {
  CommandReceived received;
  received.actor = std::move(actor);
  received.verb = std::move(verb);
  received.fresh_op_id = std::move(fresh_op_id);
  received.asker = std::move(asker);
  auto opened = schemas::open_command(text);
  if (!opened) {
    received.unreadable = std::move(opened.error());
    return received;
  }
  received.signature = std::move(*opened);
  received.command =
      parse_command(received.verb, received.signature ? received.signature->text : text);
  received.text = std::move(text);
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
