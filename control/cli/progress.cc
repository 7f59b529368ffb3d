// SPDX-License-Identifier: Apache-2.0
#include "control/cli/progress.h"

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>

#include "control/cli/answer.h"
#include "control/cli/text.h"

namespace estop::cli {
namespace {

using nlohmann::json;
using Lines = std::vector<std::string>;

std::string line(std::string_view stage, const std::string& rest) {
  return fmt::format("{:<9}  {}", stage, rest);
}

std::string counted(const json& answer, std::string_view what) {
  const std::uint64_t n = number(answer, "n");
  const std::uint64_t of = number(answer, "of");
  return fmt::format("{}/{} {}{}", n, of, what, of == 1 ? "" : "s");
}

// "   <what>: a, b", or nothing.
std::string named(const json& answer, const char* key, std::string_view what) {
  std::string names;
  for (const std::string& name : texts(answer, key)) {
    names += (names.empty() ? "" : ", ") + shown(name);
  }
  return names.empty() ? "" : fmt::format("   {}: {}", what, names);
}

std::string unconfirmed(const json& answer) {
  return named(answer, "missing", "not confirmed");
}

Lines accepted(const json& answer) {
  const std::string order = "order " + shown(text(answer, "op_id"));
  const std::uint64_t seq = number(answer, "seq");  // 0: its record is still to come
  Lines lines{line("accepted", seq == 0 ? order : fmt::format("record {}   {}", seq, order))};
  if (const std::string warning = text(answer, "warning"); !warning.empty()) {
    lines.push_back("warning: " + shown(warning));
  }
  return lines;
}

std::string fenced(const json& answer) {
  std::string rest = counted(answer, "bridge");
  if (has(answer, "us")) rest += "   " + duration_text(number(answer, "us"));
  if (has(answer, "forwarded_before")) {
    rest += fmt::format("   {} intents passed before", number(answer, "forwarded_before"));
  }
  return line("fenced", rest + named(answer, "outlived", "lease ran out") + unconfirmed(answer));
}

std::string durable(const json& answer) {
  const bool is_numbered = has(answer, "audit");
  const std::string entry =
      is_numbered ? fmt::format("audit entry {}", number(answer, "audit")) : "in the recorder";
  const std::string kept_at = text(answer, "kept_at");
  if (kept_at.empty()) return entry;
  return fmt::format("{}; {} was cut away since and is in {}", entry,
                     is_numbered ? "it" : "its audit entry", shown(kept_at));
}

std::string revoked(const json& answer) {
  const std::string problem = text(answer, "problem");
  if (!problem.empty()) return line("revoked", "not yet: " + shown(problem));
  return line("revoked",
              fmt::format("{} credentials   after a resume `estop auth agent` makes new ones",
                          number(answer, "n")));
}

std::string approved(const json& answer) {
  const std::string by = text(answer, "by");
  return line("approved", by.empty() ? "not yet: another operator has to `estop approve` it"
                                     : "by " + shown(by));
}

std::string not_reached(const json& answer) {
  const auto stages = texts(answer, "unreached");
  return fmt::format("not reached in time: {}",
                     stages.empty() ? "?" : fmt::format("{}", fmt::join(stages, ", ")));
}

// Lines of one stage; a stage that this version does not know is shown as it came.
Lines stage_lines(const std::string& stage, const json& answer) {
  if (stage == "accepted") return accepted(answer);
  if (stage == "fenced") return {fenced(answer)};
  if (stage == "latched") {
    return {line(stage, fmt::format("{}   {} intents passed before", shown(text(answer, "bridge")),
                                    number(answer, "forwarded_before")))};
  }
  if (stage == "stopped") {
    return {line(stage, counted(answer, "instance") + unconfirmed(answer))};
  }
  if (stage == "opened") return {line(stage, counted(answer, "bridge") + unconfirmed(answer))};
  if (stage == "committed") {
    return {line(stage, fmt::format("record {} is in the control log", number(answer, "seq")))};
  }
  if (stage == "durable") {
    return {line(stage, durable(answer))};
  }
  if (stage == "revoked") return {revoked(answer)};
  if (stage == "approved") return {approved(answer)};
  return {line(shown(stage), shown(json_text(answer)))};
}

}  // namespace

Lines Progress::take(std::string_view text_of_answer) {
  const json answer = parse_answer(text_of_answer);
  if (const auto error = error_of(answer)) {
    done_ = true;
    // A resume has lifted this very order before: no bridge takes it again.
    const bool may_hold = is_out_ && error->code != schemas::Errc::kLogConflict;
    status_ = accepted_ || may_hold ? ExitStatus::kUnconfirmed : late_status(error->code);
    const std::string refusal = shown(to_string(*error));
    if (!may_hold || accepted_) return {"estop: " + refusal};
    return {"NOT CONFIRMED: control refused the command: " + refusal,
            "The signed order is out, and bridges may hold it: see `estop ps`; `estop resume` "
            "lifts it."};
  }
  const std::string stage = text(answer, "stage");
  const bool last = flag(answer, "done");
  if (stage == "accepted" || stage == "latched") accepted_ = true;
  if (!last) return stage_lines(stage, answer);
  done_ = true;
  const bool ok = flag(answer, "ok");
  status_ = ok ? ExitStatus::kOk : ExitStatus::kUnconfirmed;
  if (ok) return {};
  return {"NOT CONFIRMED: " + not_reached(answer)};
}

Lines Progress::take(const schemas::Error& error) {
  done_ = true;
  // What the broker itself refused has reached nobody.
  const bool is_refused = error.code == schemas::Errc::kNotPermitted;
  const bool may_be_taken =
      accepted_ || error.code == schemas::Errc::kTimeout || (is_out_ && !is_refused);
  status_ = may_be_taken ? ExitStatus::kUnconfirmed : exit_status(error.code);
  if (!may_be_taken) return {"estop: " + shown(to_string(error))};
  return {"NOT CONFIRMED: the order was sent, and then: " + shown(to_string(error))};
}

}  // namespace estop::cli
