// SPDX-License-Identifier: Apache-2.0

// ps, get, status, audit, watch: one question, its answers, a table or JSON.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/cli/answer.h"
#include "control/cli/commands.h"
#include "control/cli/pages.h"
#include "control/cli/session.h"
#include "control/cli/text.h"
#include "control/cli/views.h"

namespace estop::cli {
namespace {

using nlohmann::json;

constexpr std::uint32_t kQuestionWait_ms = 5'000;

struct Question {
  std::string verb;
  json request = json::object();
};

Question question_of(const Common& common, const Command& command) {
  if (const auto* ps = std::get_if<Ps>(&command)) {
    json request{{"wide", common.format != Format::kTable}};
    if (ps->filter) request["filter"] = ps->filter->text();
    return {"ps", std::move(request)};
  }
  if (const auto* get = std::get_if<Get>(&command)) {
    return {"get", {{"address", get->address.text()}}};
  }
  if (const auto* audit = std::get_if<AuditList>(&command)) {
    json request{{"limit", audit->limit}, {"after", audit->after}, {"newest_first", true}};
    if (!audit->kind.empty()) request["kind"] = audit->kind;
    if (!audit->subject.empty()) request["subject"] = audit->subject;
    if (!audit->op_id.empty()) request["op_id"] = audit->op_id;
    return {"audit", std::move(request)};
  }
  return {std::holds_alternative<AuditVerify>(command) ? "verify" : "status"};
}

std::string view(const Command& command, const Answers& answers, bool wide) {
  if (std::holds_alternative<Ps>(command)) return view_ps(answers, wide);
  if (std::holds_alternative<Get>(command)) return view_get(answers);
  if (std::holds_alternative<AuditList>(command)) return view_audit(answers);
  return view_status(answers);
}

void print_json(const Answers& answers, Format format, std::ostream& out) {
  if (format == Format::kJson) {
    out << json_text(answers, 2) << '\n';
    return;
  }
  for (const json& answer : answers) out << json_text(answer) << '\n';
}

}  // namespace

ExitStatus run_question(const Common& common, const Command& question, Terminal& terminal) {
  const Question asked = question_of(common, question);
  if (auto good = check_command(asked.verb, asked.request); !good) {
    return fail_with(good.error(), terminal);
  }
  auto session = open_session(common, terminal);
  if (!session) return fail_with(session.error(), terminal);
  const auto answers =
      ask_pages(*session, asked.verb, asked.request, common.timeout_ms.value_or(kQuestionWait_ms));
  if (!answers) return fail_late(answers.error(), terminal);
  const bool is_verdict = std::holds_alternative<AuditVerify>(question);
  const auto& last = answers->back();
  const auto status = is_verdict && !flag(last, "ok") ? ExitStatus::kFailure : ExitStatus::kOk;
  if (has(last, "cut") && !is_verdict) {
    terminal.err << "estop: " << view_cut(last.at("cut")) << '\n';
  }
  if (common.format == Format::kJson || common.format == Format::kJsonl) {
    print_json(*answers, common.format, terminal.out);
  } else {
    terminal.out << (is_verdict ? view_verdict(last)
                                : view(question, *answers, common.format == Format::kWide));
  }
  return status;
}

}  // namespace estop::cli
