// SPDX-License-Identifier: Apache-2.0

// auth …: who has a credential. The data folder is changed here, or by control while it runs, which
// then tells the broker at once.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "broker-bridge/daemon/files.h"
#include "control/auth/credentials.h"
#include "control/cli/answer.h"
#include "control/cli/commands.h"
#include "control/cli/installation.h"
#include "control/cli/session.h"
#include "control/cli/table.h"
#include "control/cli/text.h"

namespace estop::cli {
namespace {

using control::Credential;
using nlohmann::json;
using schemas::Errc;
using schemas::fail;
using schemas::Result;

constexpr std::uint32_t kApplyWait_ms = 10'000;
constexpr std::uint32_t kControlLeaves_ms = 1'000;

schemas::Subjects subjects() {
  return schemas::Subjects::standard();
}

bool as_json(const Common& common) {
  return common.format == Format::kJson || common.format == Format::kJsonl;
}

void print_json(const Common& common, const std::vector<json>& lines, Terminal& terminal) {
  if (common.format == Format::kJson) {
    terminal.out << json_text(lines, 2) << '\n';
    return;
  }
  for (const json& line : lines) terminal.out << json_text(line) << '\n';
}

// Paths alone, so that a script can take them.
void print_files(const Common& common, const control::Role& role,
                 const std::vector<std::string>& paths, Terminal& terminal) {
  std::vector<json> lines;
  for (const std::string& path : paths) {
    if (!as_json(common)) terminal.out << path << '\n';
    lines.push_back({{"role", kind(role)}, {"name", person(role)}, {"file", path}});
  }
  if (as_json(common)) print_json(common, lines, terminal);
}

// What was issued to somebody; kNotFound if nothing was.
Result<std::vector<Credential>> issued_to(const std::string& data, const control::Keyring& keys,
                                          const std::string& who) {
  auto all = control::list_credentials(data, keys);
  if (!all) return all;
  std::erase_if(*all, [&](const Credential& one) { return person(one.role) != who; });
  if (!all->empty()) return all;
  return fail(Errc::kNotFound, fmt::format("nobody of the name {} was given a credential here; "
                                           "`estop auth ls` shows who was",
                                           who));
}

// kNoContact: control does not run. What it answers is an error of its own otherwise.
Result<std::uint64_t> ask_control(const Common& common, const json& request, Terminal& terminal) {
  if (common.url.empty() && !read_run_file(common.data)) {
    return fail(Errc::kNoContact, "nothing runs in this data folder");
  }
  auto session = open_session(common, terminal);
  if (!session) return tl::make_unexpected(session.error());
  json answer;
  auto asked = session->ask("revoke", json_text(request), common.timeout_ms.value_or(kApplyWait_ms),
                            [&](std::string_view text_of_answer) {
                              answer = parse_answer(text_of_answer);
                              return !flag(answer, "done");
                            });
  if (!asked) return tl::make_unexpected(asked.error());
  if (auto error = error_of(answer)) return tl::make_unexpected(*error);
  return number(answer, "revoked");
}

void say_later(Terminal& terminal) {
  terminal.err << "estop: control does not run: the broker refuses the old credential from its "
                  "next start on\n";
}

ExitStatus say_revoked(const Common& common, const std::string& who, std::uint64_t count,
                       bool at_once, Terminal& terminal) {
  if (as_json(common)) {
    print_json(common, {{{"name", who}, {"revoked", count}, {"at_once", at_once}}}, terminal);
  } else {
    terminal.out << fmt::format("{}: {} credential{} revoked\n", who, count, count == 1 ? "" : "s");
  }
  if (!at_once) say_later(terminal);
  return ExitStatus::kOk;
}

Row row_of(const Credential& one) {
  const bool gives_orders = std::holds_alternative<control::OperatorRole>(one.role);
  return {std::string(kind(one.role)),
          person(one.role),
          gives_orders ? reach_of(one.role).text() : std::string(),
          std::string(name(one.account)),
          one.user,
          time_text(one.issued_at_s * 1'000),
          time_text(one.revoked_at_s * 1'000)};
}

json json_of(const Credential& one) {
  json made{{"role", kind(one.role)},
            {"name", person(one.role)},
            {"account", name(one.account)},
            {"key", one.user},
            {"issued_at_s", one.issued_at_s}};
  if (const auto reach = reach_of(one.role); reach != schemas::Scope::fleet()) {
    made["scope"] = reach.text();
  }
  if (one.revoked_at_s != 0) made["revoked_at_s"] = one.revoked_at_s;
  return made;
}

// The new key is written, and the data folder refuses the old one. Control pushes that to the
// broker when it is told, or when it compares the two: within some seconds, or at its next start.
ExitStatus end_rotation(const Common& common, const std::string& who, const json& revocation,
                        Terminal& terminal) {
  Common patience = common;
  // Control ends when its own old key is refused, mostly before it answers, and starts again with
  // the new one.
  const bool is_control = who == "control";
  if (is_control) patience.timeout_ms = kControlLeaves_ms;
  const auto told = ask_control(patience, revocation, terminal);
  if (told || (is_control && told.error().code == Errc::kTimeout)) return ExitStatus::kOk;
  terminal.err << fmt::format(
      "estop: the new key is written; control did not confirm that the old one is refused: {}\n",
      schemas::to_string(told.error()));
  return ExitStatus::kUnconfirmed;
}

// What was not said of an operator stays as it was when he was given a credential last. Of one that
// was revoked since, only what limits it: nobody gets more by being given a new key.
Result<void> keep_rest(const std::string& data, const control::Keyring& keys, AuthIssue& issue) {
  auto* person = std::get_if<control::OperatorRole>(&issue.role);
  if (person == nullptr) return {};
  const auto known = control::list_credentials(data, keys);
  if (!known) return tl::make_unexpected(known.error());
  for (const Credential& one : *known) {
    const auto* before = std::get_if<control::OperatorRole>(&one.role);
    if (before == nullptr || before->name != person->name) continue;
    if (issue.keeps_scope) person->reach = before->reach;
    if (issue.keeps_role) person->is_admin = before->is_admin && one.revoked_at_s == 0;
  }
  return {};
}

// The keys of this person that hold.
std::set<std::string> valid_keys(const std::string& data, const control::Keyring& keys,
                                 const control::Role& role) {
  std::set<std::string> found;
  const auto known = control::list_credentials(data, keys);
  if (!known) return found;
  for (const Credential& one : *known) {
    if (one.revoked_at_s == 0 && person(one.role) == person(role)) found.insert(one.user);
  }
  return found;
}

}  // namespace

ExitStatus run_auth_issue(const Common& common, const AuthIssue& asked, Terminal& terminal) {
  const auto keys = keys_of(common.data);
  if (!keys) return fail_with(keys.error(), terminal);
  AuthIssue issue = asked;
  if (auto kept = keep_rest(common.data, *keys, issue); !kept) {
    return fail_with(kept.error(), terminal);
  }
  const auto before = valid_keys(common.data, *keys, issue.role);
  if (!issue.out.empty()) {  // before a key is made that nobody was given
    if (auto free = daemon::can_create(issue.out); !free) return fail_with(free.error(), terminal);
  }
  const auto paths = control::issue_creds(common.data, *keys, issue.role, subjects(), now_s(),
                                          control::Issue::kIfNeeded);
  if (!paths) return fail_with(paths.error(), terminal);
  if (!issue.out.empty()) {
    if (auto copied = control::copy_creds(paths->front(), issue.out); !copied) {
      return fail_with(copied.error(), terminal);
    }
  }
  const auto now = valid_keys(common.data, *keys, issue.role);
  if (!std::includes(now.begin(), now.end(), before.begin(), before.end())) {
    terminal.err << fmt::format(
        "estop: {} may do less than before: the former key is revoked, and the broker refuses it "
        "within seconds, or, if control does not run, from its next start on\n",
        person(issue.role));
  }
  print_files(common, issue.role, issue.out.empty() ? *paths : std::vector{issue.out}, terminal);
  return ExitStatus::kOk;
}

ExitStatus run_auth_list(const Common& common, Terminal& terminal) {
  const auto keys = keys_of(common.data);
  if (!keys) return fail_with(keys.error(), terminal);
  const auto all = control::list_credentials(common.data, *keys);
  if (!all) return fail_with(all.error(), terminal);
  if (as_json(common)) {
    std::vector<json> lines;
    for (const Credential& one : *all) lines.push_back(json_of(one));
    print_json(common, lines, terminal);
    return ExitStatus::kOk;
  }
  std::vector<Row> rows;
  for (const Credential& one : *all) rows.push_back(row_of(one));
  terminal.out << render_table({"ROLE", "NAME", "SCOPE", "ACCOUNT", "KEY", "ISSUED", "REVOKED"},
                               rows);
  return ExitStatus::kOk;
}

ExitStatus run_auth_rotate(const Common& common, const AuthRotate& rotate, Terminal& terminal) {
  const auto keys = keys_of(common.data);
  if (!keys) return fail_with(keys.error(), terminal);
  const auto before = issued_to(common.data, *keys, rotate.who);
  if (!before) return fail_with(before.error(), terminal);
  json users = json::array();
  for (const Credential& one : *before) users.push_back(one.user);
  json revocation{{"who", rotate.who}, {"users", std::move(users)}, {"reason", "rotated"}};
  // First whether control would revoke the old one for this operator: a new key is no way back.
  json check = revocation;
  check["check"] = true;
  const auto may = ask_control(common, check, terminal);
  const bool runs = may.has_value();
  if (!runs && may.error().code != Errc::kNoContact) return fail_with(may.error(), terminal);
  const control::Role role = before->back().role;
  const auto paths =
      control::issue_creds(common.data, *keys, role, subjects(), now_s(), control::Issue::kAnew);
  if (!paths) return fail_with(paths.error(), terminal);
  print_files(common, role, *paths, terminal);
  if (!runs) {
    say_later(terminal);
    return ExitStatus::kOk;
  }
  return end_rotation(common, rotate.who, revocation, terminal);
}

ExitStatus run_auth_revoke(const Common& common, const AuthRevoke& revoke, Terminal& terminal) {
  if (revoke.who == "control") {
    return fail_with(
        {Errc::kBadArgument,
         "control would lock itself out; `estop auth rotate control` replaces its key"},
        terminal);
  }
  const auto told = ask_control(common, {{"who", revoke.who}, {"reason", revoke.reason}}, terminal);
  if (told) return say_revoked(common, revoke.who, *told, true, terminal);
  if (told.error().code != Errc::kNoContact) return fail_late(told.error(), terminal);
  const auto keys = keys_of(common.data);
  if (!keys) return fail_with(keys.error(), terminal);
  const auto issued = issued_to(common.data, *keys, revoke.who);
  if (!issued) return fail_with(issued.error(), terminal);
  const auto revoked = control::revoke_credentials(
      common.data, *keys, [&](const Credential& one) { return person(one.role) == revoke.who; },
      now_s());
  if (!revoked) return fail_with(revoked.error(), terminal);
  return say_revoked(common, revoke.who, issued->size(), false, terminal);
}

}  // namespace estop::cli
