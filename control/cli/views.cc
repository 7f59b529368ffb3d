// SPDX-License-Identifier: Apache-2.0
#include "control/cli/views.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/cli/answer.h"
#include "control/cli/table.h"
#include "control/cli/text.h"

namespace estop::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kLiftedShown = 50;  // of the kills that a resume lifts

// The objects of a list over all answers.
std::vector<json> all_items(const Answers& answers, const char* key) {
  std::vector<json> all;
  for (const json& answer : answers) {
    for (json& item : items(answer, key)) all.push_back(std::move(item));
  }
  return all;
}

json child(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : json::object();
}

std::string yes_no(bool value) {
  return value ? "yes" : "NO";
}
std::string ago(const json& object) {
  if (!has(object, "heard_ms_ago")) return "-";
  return duration_text(number(object, "heard_ms_ago") * 1'000) + " ago";
}

// Unconfirmed is never shown as stopped.
std::string state_text(const json& instance) {
  const std::string state = text(instance, "state");
  if (state != "killed") return state;
  return flag(instance, "confirmed") ? "killed, stopped" : "killed, NOT CONFIRMED";
}

std::string instances_table(const std::vector<json>& instances, bool wide) {
  Row header{"AGENT", "INSTANCE", "STATE", "HEARD", "REASON"};
  if (wide) header.insert(header.end() - 1, {"HOST", "PID", "SENT", "OK", "FAILED", "COST"});
  std::vector<Row> rows;
  for (const json& one : instances) {
    Row row{text(one, "address"), text(one, "instance"), state_text(one), ago(one)};
    if (wide) {
      const json counters = child(one, "counters");
      row.insert(row.end(), {text(one, "host"), std::to_string(number(one, "pid")),
                             std::to_string(number(counters, "sent")),
                             std::to_string(number(counters, "succeeded")),
                             std::to_string(number(counters, "failed")),
                             money_text(number(counters, "cost_micro_usd"))});
    }
    row.push_back(text(one, "reason"));
    rows.push_back(std::move(row));
  }
  return render_table(header, rows);
}

std::string kills_table(const std::vector<json>& kills) {
  std::vector<Row> rows;
  for (const json& kill : kills) {
    rows.push_back({text(kill, "scope"), text(kill, "actor"), time_text(number(kill, "since_ms")),
                    text(kill, "op_id"), text(kill, "reason")});
  }
  return render_table({"KILLED", "BY", "SINCE", "ORDER", "REASON"}, rows);
}

std::string bridges_table(const std::vector<json>& bridges) {
  std::vector<Row> rows;
  for (const json& one : bridges) {
    rows.push_back(
        {text(one, "id"), text(one, "state"), yes_no(flag(one, "joined")), ago(one),
         std::to_string(number(one, "applied_seq")), std::to_string(number(one, "forwarded")),
         std::to_string(number(one, "refused")), std::to_string(number(one, "after_fence"))});
  }
  return render_table(
      {"BRIDGE", "STATE", "JOINED", "HEARD", "RECORD", "FORWARDED", "REFUSED", "AFTER FENCE"},
      rows);
}

void append_warning(const json& answer, std::string& out) {
  const std::string warning = text(answer, "warning");
  if (!warning.empty()) out += fmt::format("warning: {}\n", shown(warning));
}

// Below what is there, with an empty line between.
void append_section(const std::string& table, std::string& out) {
  out += '\n';
  out += table;
}

// A line for people: what is longer stands in the JSON.
std::string detail_text(const json& entry) {
  constexpr std::size_t kShown_bytes = 200;
  std::string detail = json_text(child(entry, "detail"));
  if (detail.size() <= kShown_bytes) return detail;
  std::size_t cut = kShown_bytes;
  while ((static_cast<unsigned char>(detail[cut]) & 0xc0) == 0x80) --cut;  // not within a letter
  return detail.substr(0, cut) + fmt::format("… ({} bytes, see -o json)", detail.size());
}

}  // namespace

std::string view_ps(const Answers& answers, bool wide) {
  const auto agents = all_items(answers, "agents");
  const auto kills = all_items(answers, "kills");
  std::string out =
      agents.empty() ? "no agent has announced itself\n" : instances_table(agents, wide);
  if (!kills.empty()) append_section(kills_table(kills), out);
  return out;
}

std::string view_get(const Answers& answers) {
  const json answer = answers.empty() ? json::object() : answers.front();
  std::string out = render_fields({{"agent", text(answer, "address")},
                                   {"incarnation", std::to_string(number(answer, "incarnation"))}});
  if (const auto kills = all_items(answers, "kills"); !kills.empty())
    append_section(kills_table(kills), out);
  const auto instances = all_items(answers, "instances");
  append_section(
      instances.empty() ? "no instance has announced itself\n" : instances_table(instances, true),
      out);
  std::vector<Row> rows;
  for (const json& one : all_items(answers, "checkpoints")) {
    rows.push_back({text(one, "key"), std::to_string(number(one, "version")),
                    std::to_string(number(one, "bytes"))});
  }
  if (!rows.empty()) append_section(render_table({"CHECKPOINT", "VERSION", "BYTES"}, rows), out);
  rows.clear();
  for (const json& one : all_items(answers, "effects_begun")) {
    rows.push_back(
        {text(one, "key"), text(one, "instance"), time_text(number(one, "begun_at_ms"))});
  }
  if (!rows.empty())
    append_section(render_table({"EFFECT BEGUN, NOT FINISHED", "BY", "SINCE"}, rows), out);
  append_warning(answer, out);
  return out;
}

std::string view_status(const Answers& answers) {
  const json answer = answers.empty() ? json::object() : answers.front();
  const json control = child(answer, "control");
  const json log = child(answer, "log");
  std::string out = render_fields(
      {{"control",
        fmt::format("{}, term {}, up {}, {}", text(control, "version"), number(control, "term"),
                    duration_text(number(control, "up_ms") * 1'000),
                    flag(control, "leading") ? "leading" : "NOT LEADING")},
       {"log", fmt::format("epoch {}, record {}, {} uncommitted", number(log, "epoch"),
                           number(log, "seq"), number(log, "uncommitted"))},
       {"stream", flag(log, "stream_ok") ? "ok" : "NOT OK: kills act, resumes wait"},
       {"recorder", flag(log, "recorder_ok") ? "ok" : "NOT OK: kills act, resumes are refused"},
       {"open", fmt::format("bridges: {}", number(answer, "bridges_may_be_open"))},
       {"agents", std::to_string(number(answer, "agents"))}});
  append_section(bridges_table(all_items(answers, "bridges")), out);
  if (const auto kills = all_items(answers, "kills"); !kills.empty())
    append_section(kills_table(kills), out);
  for (const json& proposal : all_items(answers, "proposals")) {
    append_section(view_proposal(proposal), out);
  }
  return out;
}

std::string view_proposal(const json& proposal) {
  std::string lifted = fmt::format("{}", fmt::join(texts(proposal, "lifts"), ", "));
  std::string out = fmt::format("order {}: {} {} by {}: {}\n", shown(text(proposal, "op_id")),
                                shown(text(proposal, "verb")), shown(text(proposal, "scope")),
                                shown(text(proposal, "actor")), shown(text(proposal, "reason")));
  if (!lifted.empty()) out += "lifts " + shown(lifted) + '\n';
  if (const auto through = proposal.find("through"); through != proposal.end()) {
    out += fmt::format("lifts {} kills, through record {}:{}\n", number(*through, "count"),
                       number(*through, "epoch"), number(*through, "seq"));
  }
  return out + fmt::format("waits for a second operator, {} longer\n",
                           duration_text(number(proposal, "expires_in_ms") * 1'000));
}

std::string view_audit(const Answers& answers) {
  std::vector<json> entries = all_items(answers, "rows");
  std::sort(entries.begin(), entries.end(), [](const json& a, const json& b) {
    return number(a, "number") < number(b, "number");  // the newest stands last, next to the prompt
  });
  std::vector<Row> rows;
  for (const json& one : entries) {
    rows.push_back({std::to_string(number(one, "number")), time_text(number(one, "at_ms")),
                    text(one, "kind"), text(one, "actor"), text(one, "subject"), detail_text(one)});
  }
  return render_table({"NUMBER", "AT", "KIND", "BY", "WHOM", "DETAIL"}, rows);
}

std::string view_cut(const json& cut) {
  const std::uint64_t through = number(cut, "through");
  std::string out = fmt::format(
      "entries {} to {} were cut from the audit at {} by {} ({}) and are in {}; entry {} says so",
      through + 1 - number(cut, "lines"), through, time_text(number(cut, "at_ms")),
      shown(text(cut, "actor")), shown(text(cut, "reason")), shown(text(cut, "kept_at")),
      number(cut, "number"));
  for (const json& earlier : items(cut, "earlier")) {
    out += fmt::format("; those up to {} are in {}", number(earlier, "through"),
                       shown(text(earlier, "kept_at")));
  }
  return out;
}

std::string view_verdict(const json& verdict) {
  std::string out;
  if (flag(verdict, "ok")) {
    out = fmt::format("ok: {} entries, the chain is whole\n", number(verdict, "rows"));
  } else {
    out = fmt::format("BROKEN at entry {}: {}\n", number(verdict, "first_bad"),
                      shown(text(verdict, "problem")));
  }
  if (has(verdict, "cut")) out += view_cut(verdict.at("cut")) + '\n';
  return out;
}

std::string view_lifted(const Answers& answers, const schemas::Scope& scope) {
  std::vector<json> lifted;
  std::vector<json> staying;
  for (json& kill : all_items(answers, "kills")) {
    const auto of = schemas::Scope::parse(text(kill, "scope"));
    if (of && *of == scope) {
      lifted.push_back(std::move(kill));
    } else if (of && of->covers(scope)) {
      staying.push_back(std::move(kill));
    }
  }
  if (lifted.empty()) return fmt::format("no kill of exactly {} is in force\n", scope.text());
  const std::size_t all = lifted.size();
  if (all > kLiftedShown) lifted.resize(kLiftedShown);
  std::string out = "This lifts:\n" + kills_table(lifted);
  if (all > kLiftedShown) out += fmt::format("and {} more kills\n", all - kLiftedShown);
  const std::uint64_t held = number(answers.back(), "instances");
  out += fmt::format("{} instance{} may then announce itself anew\n", held, held == 1 ? "" : "s");
  if (!staying.empty()) out += "Still killed afterwards by:\n" + kills_table(staying);
  return out;
}

std::string event_line(const json& event) {
  const std::string place = has(event, "number") ? std::to_string(number(event, "number")) : "-";
  return fmt::format("{:>7}  {}  {:<16} {:<12} {}  {}", place, time_text(number(event, "at_ms")),
                     shown(text(event, "kind")), shown(text(event, "actor")),
                     shown(text(event, "subject")), shown(detail_text(event)));
}

bool concerns(const json& event, const schemas::Scope& scope) {
  const auto of = schemas::Scope::parse(text(event, "subject"));
  return of && (scope.covers(*of) || of->covers(scope));
}

}  // namespace estop::cli
