// SPDX-License-Identifier: Apache-2.0

// kill and resume: one order, its progress line by line, an exit code that tells the truth.
#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>

#include "control/cli/answer.h"
#include "control/cli/commands.h"
#include "control/cli/pages.h"
#include "control/cli/progress.h"
#include "control/cli/session.h"
#include "control/cli/views.h"
#include "control/json/commands.h"
#include "schemas/holds.h"
#include "schemas/order.h"

namespace estop::cli {
namespace {

using nlohmann::json;

constexpr std::uint32_t kOrderWait_ms = 15'000;
constexpr std::uint32_t kLookWait_ms = 5'000;
constexpr std::uint32_t kAnswerMargin_ms = 1'000;  // control's own deadline comes first

// An order carries its id from here on: sent again after a time-out, it is the same order.
std::string new_op_id() {
  std::random_device random;
  return fmt::format("cli-{:08x}{:08x}", random(), random());
}

std::uint32_t wait_ms(const Common& common) {
  return common.timeout_ms.value_or(kOrderWait_ms);
}

using Answer = std::function<bool(std::string_view)>;
using Ask = std::function<schemas::Result<void>(const std::string& order, std::uint32_t timeout_ms,
                                                Progress& progress, const Answer& answer)>;

// Sends the order and prints what comes back in the format that was asked for.
ExitStatus send(const Ask& ask, const Common& common, const json& order, Terminal& terminal) {
  Progress progress;
  json all = json::array();
  const bool as_text = common.format == Format::kTable || common.format == Format::kWide;
  const auto print = [&](const std::vector<std::string>& lines) {
    for (const std::string& line : lines) (as_text ? terminal.out : terminal.err) << line << '\n';
    terminal.out.flush();
  };
  const auto take = [&](std::string_view answer) {
    const auto lines = progress.take(answer);
    if (as_text) print(lines);
    const json parsed = parse_answer(answer);
    if (common.format == Format::kJsonl) terminal.out << json_text(parsed) << '\n' << std::flush;
    if (common.format == Format::kJson) all.push_back(parsed);
    return !progress.done();
  };
  const auto result = ask(json_text(order), wait_ms(common) + kAnswerMargin_ms, progress, take);
  if (!progress.done()) {
    print(progress.take(result ? schemas::Error{schemas::Errc::kTimeout, "the answers ended early"}
                               : result.error()));
  }
  if (common.format == Format::kJson) terminal.out << json_text(all, 2) << '\n';
  if (progress.status() == ExitStatus::kUnconfirmed) {
    terminal.err << fmt::format("estop: ask again with the same order: --op-id {}\n",
                                order.at("op_id").get<std::string>());
  }
  return progress.status();
}

json order_of(const Common& common, const schemas::Scope& scope, const std::string& reason,
              const std::string& op_id, const std::vector<std::string>& wait) {
  json order{{"scope", scope.text()},
             {"reason", reason},
             {"op_id", op_id.empty() ? new_op_id() : op_id},
             {"timeout_ms", wait_ms(common)}};
  if (!wait.empty()) order["wait"] = wait;
  return order;
}

// What the operator's own key signs.
schemas::Record record_of(const Kill& kill, const schemas::Segment& actor,
                          const std::string& op_id) {
  schemas::Record record;
  record.op_id = op_id;
  record.body =
      schemas::Kill{.scope = kill.scope,
                    .mode = kill.now ? schemas::KillMode::kNow : schemas::KillMode::kGrace,
                    .grace_ms = kill.now ? 0 : kill.grace_ms};
  record.actor.name = actor.text();
  record.reason = kill.reason;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  record.issued_at_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  (void)schemas::settle_kill(record);  // as its readers do: its reason may be too long
  return record;
}

// What would be lifted, as a person was shown it: the kills by name, or, where they are too many,
// all up to the place in the log at which the answers begin.
json lifts_of(const Answers& answers, const schemas::Scope& scope) {
  std::vector<schemas::Hold> kills;
  for (const json& answer : answers) {
    for (const json& kill : items(answer, "kills")) {
      if (text(kill, "scope") != scope.text()) continue;
      kills.push_back(
          {{.op_id = text(kill, "op_id"), .seq = number(kill, "seq")}, number(kill, "epoch")});
    }
  }
  std::vector<std::string> named;
  for (const schemas::Hold& kill : kills) named.push_back(kill.latch.op_id);
  if (named.size() <= schemas::kLiftsMax) return {{"lifts", named}};
  const json log = answers.front().value("log", json::object());
  const auto hash = schemas::hash_from_hex(text(log, "hash")).value_or(schemas::Hash{});
  const schemas::Head place{number(log, "epoch"), number(log, "seq"), hash};
  std::vector<const schemas::Hold*> stand;
  for (const schemas::Hold& kill : kills) {
    if (schemas::stands_through(kill, place)) stand.push_back(&kill);
  }
  return {{"through", control::through_json(schemas::through(place, std::move(stand)))}};
}

// What would be lifted, after it was shown (never done before a kill: that one must not wait).
// nullopt: the person said no.
schemas::Result<std::optional<json>> confirm(Session& session, const Common& common,
                                             const Resume& resume, Terminal& terminal) {
  const auto answers = ask_pages(session, "ps", {{"kills_of", resume.scope.text()}},
                                 common.timeout_ms.value_or(kLookWait_ms));
  if (!answers) return tl::make_unexpected(answers.error());
  terminal.err << view_lifted(*answers, resume.scope);
  json lifts = lifts_of(*answers, resume.scope);
  if (!agrees("Resume?", resume.yes, terminal)) return std::nullopt;
  return lifts;
}

// The order that waits, as control tells of it. kNotFound.
schemas::Result<json> waiting(Session& session, const Common& common, const std::string& op_id) {
  const auto answers =
      ask_pages(session, "status", json::object(), common.timeout_ms.value_or(kLookWait_ms));
  if (!answers) return tl::make_unexpected(answers.error());
  for (const json& answer : *answers) {
    for (const json& one : items(answer, "proposals")) {
      if (text(one, "op_id") == op_id) return one;
    }
  }
  return schemas::fail(
      schemas::Errc::kNotFound,
      fmt::format("no order '{}' waits for a second operator (estop status)", op_id));
}

// Withdrawing credentials has to be signed. A kill that cannot be signed is sent all the same.
std::string proven(const Session& session, const std::string& order) {
  const auto command =
      schemas::sign_command(session.identity().name, *schemas::Segment::parse("kill"), order,
                            session.identity().creds_text);
  return command ? *command : order;
}

}  // namespace

ExitStatus run_kill(const Common& common, const Kill& kill, Terminal& terminal) {
  json order = order_of(common, kill.scope, kill.reason, kill.op_id, kill.wait);
  order["mode"] = kill.now ? "now" : "grace";
  if (kill.revoke) order["revoke"] = true;
  if (!kill.now) order["grace_ms"] = kill.grace_ms;
  if (auto good = check_command("kill", order); !good) return fail_with(good.error(), terminal);
  auto session = Session::prepare(common, Use::kStop);
  if (!session) return fail_with(session.error(), terminal);
  print_notices(session->identity(), terminal);
  // Control and every bridge would refuse it, each with an alarm.
  if (auto may = schemas::check_reach(session->identity().reach, kill.scope); !may) {
    return fail_with(may.error(), terminal);
  }
  const auto op_id = order.at("op_id").get<std::string>();
  // Before anything can go wrong: with it the same order is given again, by whomever.
  terminal.err << fmt::format("estop: order {}\n", op_id) << std::flush;
  const schemas::Record record = record_of(kill, session->identity().name, op_id);
  const Ask ask = [&](const std::string& text, std::uint32_t timeout_ms, Progress& progress,
                      const Answer& answer) {
    return session->kill(record, kill.revoke ? proven(*session, text) : text, timeout_ms,
                         KillEvents{[&] { progress.order_is_out(); }, answer});
  };
  return send(ask, common, order, terminal);
}

ExitStatus run_resume(const Common& common, const Resume& resume, Terminal& terminal) {
  if (!can_ask("resume", resume.yes, terminal)) return ExitStatus::kUsage;
  auto session = open_session(common, terminal);
  if (!session) return fail_with(session.error(), terminal);
  const auto lifts = confirm(*session, common, resume, terminal);
  if (!lifts) return fail_late(lifts.error(), terminal);
  if (!*lifts) {
    terminal.err << "estop: nothing was resumed\n";
    return ExitStatus::kFailure;
  }
  json order = order_of(common, resume.scope, resume.reason, resume.op_id, resume.wait);
  order.update(**lifts);
  if (auto good = check_command("resume", order); !good) return fail_with(good.error(), terminal);
  const Ask ask = [&](const std::string& text, std::uint32_t timeout_ms, Progress&,
                      const Answer& answer) {
    return session->ask("resume", text, timeout_ms, answer);
  };
  return send(ask, common, order, terminal);
}

ExitStatus run_approve(const Common& common, const Approve& approve, Terminal& terminal) {
  if (!can_ask("approve", approve.yes, terminal)) return ExitStatus::kUsage;
  auto session = open_session(common, terminal);
  if (!session) return fail_with(session.error(), terminal);
  const auto found = waiting(*session, common, approve.op_id);
  if (!found) return fail_late(found.error(), terminal);
  terminal.err << view_proposal(*found);
  if (!agrees("Approve?", approve.yes, terminal)) {
    terminal.err << "estop: nothing was approved\n";
    return ExitStatus::kFailure;
  }
  // What was shown is what is signed.
  json order{{"op_id", approve.op_id},
             {"verb", text(*found, "verb")},
             {"scope", text(*found, "scope")},
             {"reason", approve.reason},
             {"timeout_ms", wait_ms(common)}};
  if (found->contains("through")) {
    order["through"] = found->at("through");
  } else {
    order["lifts"] = texts(*found, "lifts");
  }
  if (auto good = check_command("approve", order); !good) return fail_with(good.error(), terminal);
  const Ask ask = [&](const std::string& text, std::uint32_t timeout_ms, Progress&,
                      const Answer& answer) {
    return session->ask("approve", text, timeout_ms, answer);
  };
  return send(ask, common, order, terminal);
}

}  // namespace estop::cli
