// SPDX-License-Identifier: Apache-2.0
#include "control/core/command.h"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "schemas/order.h"
#include "schemas/printable.h"
#include "schemas/signing.h"

namespace estop::control {

using nlohmann::json;
using schemas::Errc;
using schemas::fail;
using schemas::Result;

namespace {

// Parses one object; a field that comes twice or nesting beyond the limit is refused before a value
// is built from it.
Result<json> parse_object(std::string_view text) {
  if (text.empty()) return json::object();
  std::set<std::string> seen;
  std::string problem;
  const auto watch = [&](int depth, json::parse_event_t event, json& value) {
    if (depth > static_cast<int>(schemas::kDepthMax)) problem = "nested too deep";
    if (event == json::parse_event_t::key && depth == 1 && !seen.insert(value).second) {
      problem = "field '" + value.get<std::string>() + "' comes twice";
    }
    return problem.empty();
  };
  json parsed = json::parse(text, watch, false);
  if (!problem.empty()) return fail(Errc::kMalformed, problem);
  if (!parsed.is_object()) return fail(Errc::kMalformed, "a command is one JSON object");
  return parsed;
}

constexpr std::size_t kFieldShown_bytes = 64;

// Reads the fields of one command; remembers the first problem and which fields were asked for.
// Tolerant: a field that is not as it should be is ignored or put in range, with a note.
class Fields {
 public:
  Fields(json object, bool is_tolerant) : object_(std::move(object)), is_tolerant_(is_tolerant) {}

  [[nodiscard]] bool is_tolerant() const { return is_tolerant_; }

  std::string text(const char* key, std::size_t max_bytes) {
    const json* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_string()) return object_to(key, "is not a text"), std::string();
    auto found = value->get<std::string>();
    if (found.size() <= max_bytes) return found;
    object_to(key, "is longer than " + std::to_string(max_bytes) + " bytes");
    return {};
  }

  std::uint64_t number(const char* key, std::uint64_t fallback, std::uint64_t low,
                       std::uint64_t high) {
    const json* value = find(key);
    if (value == nullptr) return fallback;
    if (value->is_number_unsigned() && *value >= low && *value <= high) {
      return value->get<std::uint64_t>();
    }
    object_to(key,
              "is not a whole number from " + std::to_string(low) + " to " + std::to_string(high));
    if (!value->is_number_unsigned()) return fallback;
    return *value > high ? high : low;
  }

  bool flag(const char* key) {
    const json* value = find(key);
    if (value == nullptr) return false;
    if (!value->is_boolean()) object_to(key, "is neither true nor false");
    return value->is_boolean() && value->get<bool>();
  }

  std::vector<std::string> texts(const char* key) {
    const json* value = find(key);
    std::vector<std::string> found;
    if (value == nullptr) return found;
    if (!value->is_array()) return object_to(key, "is not a list"), found;
    for (const json& item : *value) {
      if (!item.is_string()) {
        object_to(key, "holds something that is not a text");
        continue;
      }
      found.push_back(item.get<std::string>());
    }
    return found;
  }

  // The member of `choices` that the text names; the first one if the field is absent.
  template <class T>
  T one_of(const char* key, std::initializer_list<std::pair<const char*, T>> choices) {
    const std::string chosen = text(key, schemas::kKeyMax_bytes);
    const json* given = find(key);
    if (given == nullptr || !given->is_string()) return choices.begin()->second;
    std::string known;
    for (const auto& [word, value] : choices) {
      if (chosen == word) return value;
      known += known.empty() ? word : std::string(", ") + word;
    }
    object_to(key, "is not one of: " + known);
    return choices.begin()->second;
  }

  // Refuses the command or, where that is possible, only this field of it.
  void object_to(const char* key, const std::string& why) {
    if (!is_tolerant_) return refuse(key, why);
    note(std::string("'") + key + "' " + why);
  }
  void note(std::string sentence) { notes_.push_back(std::move(sentence)); }
  std::vector<std::string> take_notes() { return std::move(notes_); }
  void refuse(const char* key, const std::string& why, Errc code = Errc::kBadArgument) {
    if (problem_.code == Errc::kOk) problem_ = {code, std::string("'") + key + "' " + why};
  }
  void refuse(schemas::Error error) {
    if (problem_.code == Errc::kOk) problem_ = std::move(error);
  }
  [[nodiscard]] const schemas::Error& problem() const { return problem_; }

  [[nodiscard]] std::vector<std::string> unknown() const {
    std::vector<std::string> names;
    for (const auto& item : object_.items()) {
      if (!asked_.contains(item.key())) names.push_back(item.key());
    }
    return names;
  }
  // What stands in braces under `key`, to be read and then given to `close`.
  std::optional<Fields> object(const char* key) {
    const json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (value->is_object()) return Fields(*value, is_tolerant_);
    object_to(key, "is not an object");
    return std::nullopt;
  }
  void close(const char* key, Fields& inner) {
    inner.refuse_unknown();
    if (inner.problem().code == Errc::kOk) return;
    refuse({inner.problem().code, std::string("'") + key + "': " + inner.problem().detail});
  }
  void refuse_unknown() {
    for (const std::string& field : unknown()) refuse(field.c_str(), "is no field of this command");
  }

 private:
  const json* find(const char* key) {
    asked_.insert(key);
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }

  json object_;
  bool is_tolerant_;
  std::set<std::string> asked_;
  std::vector<std::string> notes_;
  schemas::Error problem_{Errc::kOk, {}};
};

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
  if (fields.is_tolerant()) {
    order.reason = fields.text("reason", schemas::kControlMessageMax_bytes);  // see settle_kill
  } else {
    order.reason = schemas::printable(fields.text("reason", schemas::kReasonMax_bytes));
    if (order.reason.empty()) {
      fields.refuse("reason", "is missing: whoever reads the audit asks why", Errc::kMissingReason);
    }
  }
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
  as_order.mode = kill.mode;
  as_order.grace_ms = kill.grace_ms;
  as_order.reason = std::move(kill.order.reason);
  for (std::string& note : schemas::settle_kill(as_order)) kill.notes.push_back(std::move(note));
  kill.grace_ms = as_order.grace_ms;
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
  using schemas::PendingWork;
  ResumeCommand resume;
  resume.order = read_order(fields);
  resume.order.wait = read_wait(fields, bit(Stage::kDurable) | bit(Stage::kOpened),
                                {Stage::kCommitted, Stage::kDurable, Stage::kOpened});
  resume.lifts = fields.texts("lifts");
  resume.through = read_through(fields, resume.lifts);
  resume.pending =
      fields.one_of<PendingWork>("pending", {{"redeliver", PendingWork::kRedeliver},
                                             {"hold", PendingWork::kHold},
                                             {"discard", PendingWork::kDiscard},
                                             {"dead-letter", PendingWork::kDeadLetter}});
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
  fields.refuse_unknown();
  return audit;
}

Command read_revoke(Fields& fields) {
  RevokeCommand revoke;
  revoke.who = fields.text("who", schemas::kKeyMax_bytes);
  revoke.users = fields.texts("users");
  revoke.reason = schemas::printable(fields.text("reason", schemas::kReasonMax_bytes));
  revoke.check = fields.flag("check");
  if (revoke.who.empty()) fields.refuse("who", "is missing: whose credential?");
  if (revoke.who == "control" && revoke.users.empty()) {
    fields.refuse("who", "is control itself, which would lock itself out; rotate it instead");
  }
  if (revoke.reason.empty()) {
    fields.refuse("reason", "is missing: whoever reads the audit asks why", Errc::kMissingReason);
  }
  fields.refuse_unknown();
  return revoke;
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
};

}  // namespace

Result<Command> parse_command(std::string_view verb, std::string_view text) {
  const auto* found = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                   [&](const auto& entry) { return entry.first == verb; });
  if (found == std::end(kVerbs)) {
    return fail(Errc::kUnknownType, "no command '" + std::string(verb) + "'");
  }
  auto object = parse_object(text);
  if (!object) return tl::make_unexpected(object.error());
  Fields fields(std::move(*object), verb == "kill");
  Command command = found->second(fields);
  if (fields.problem().code != Errc::kOk) return tl::make_unexpected(fields.problem());
  return command;
}

json through_json(const schemas::Through& through) {
  return {{"epoch", through.place.epoch},
          {"seq", through.place.seq},
          {"hash", schemas::hex(through.place.hash)},
          {"count", through.count},
          {"digest", schemas::hex(through.digest)}};
}

}  // namespace estop::control
