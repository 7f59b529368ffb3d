// SPDX-License-Identifier: Apache-2.0
#include "control/cli/typed.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/cli/misuse.h"
#include "control/cli/text.h"
#include "control/json/commands.h"
#include "schemas/limits.h"
#include "schemas/printable.h"

namespace estop::cli {
namespace {

using schemas::Scope;

std::uint32_t at_most(std::uint32_t wanted_ms, std::uint32_t max_ms, std::string_view option) {
  if (wanted_ms > max_ms) refuse(fmt::format("{}: at most {}m", option, max_ms / 60'000));
  return wanted_ms;
}

}  // namespace

Scope scope_of(const Typed& typed, std::string_view verb) {
  if (typed.fleet && !typed.scope.empty()) refuse("either a scope or --fleet, not both");
  if (typed.fleet) return Scope::fleet();
  if (typed.scope.empty()) {
    refuse(fmt::format("{} whom? Name a scope, such as acme/prod/mailer, or --fleet", verb));
  }
  return checked(Scope::parse(typed.scope));
}

std::optional<Scope> filter_of(const Typed& typed) {
  if (typed.scope.empty()) return std::nullopt;
  return checked(Scope::parse(typed.scope));
}

// A reason is part of the order: whoever reads the audit a year from now asks why.
std::string reason_of(const std::string& typed, std::string_view verb, std::string_view example) {
  if (typed.size() > schemas::kReasonMax_bytes) {
    refuse(fmt::format("the reason is longer than {} bytes", schemas::kReasonMax_bytes));
  }
  std::string reason = schemas::printable(repaired(typed));
  if (reason.empty()) {
    refuse(
        fmt::format("{} needs a reason, it goes into the audit: --reason \"{}\"", verb, example));
  }
  // A letter that stands for a byte takes three: what was short enough when it was typed is cut.
  if (reason.size() > schemas::kReasonMax_bytes) {
    std::size_t end = schemas::kReasonMax_bytes;
    while ((static_cast<unsigned char>(reason[end]) & 0xc0U) == 0x80) --end;
    reason.resize(end);
  }
  return reason;
}

std::string kept_at_of(const std::string& typed) {
  if (typed.size() > control::kKeptAtMax_bytes || typed != schemas::printable(repaired(typed))) {
    refuse(fmt::format("--kept-at: UTF-8 without control characters, at most {} bytes",
                       control::kKeptAtMax_bytes));
  }
  return typed;
}

std::vector<std::string> stages_of(const std::string& list, const std::vector<std::string>& known) {
  std::vector<std::string> stages;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    const std::string stage = list.substr(at, end - at);
    if (std::find(known.begin(), known.end(), stage) == known.end()) {
      refuse(fmt::format("--wait: '{}' is none of {}", shown(stage), fmt::join(known, ", ")));
    }
    stages.push_back(stage);
    at = end + 1;
  }
  return stages;
}

std::string op_id_of(const std::string& typed) {
  const bool is_good = schemas::is_segment(typed) && typed.size() <= schemas::kOpIdMax_bytes;
  if (typed.empty() || is_good) return typed;
  refuse(fmt::format("'{}' is no order's id: at most {} of a-z, 0-9, '-' and '_', such as cli-1f",
                     shown(typed), schemas::kOpIdMax_bytes));
}

std::uint32_t grace_of(const Typed& typed) {
  if (typed.now && !typed.grace.empty()) refuse("either --now or --grace, not both");
  if (typed.grace.empty()) return schemas::kGrace_ms;
  return at_most(checked(parse_duration_ms(typed.grace)), schemas::kGraceMax_ms, "--grace");
}

std::optional<std::uint32_t> timeout_of(const std::string& typed) {
  if (typed.empty()) return std::nullopt;
  const std::uint32_t ms = checked(parse_duration_ms(typed));
  if (ms == 0) refuse("--timeout: at least 1ms");
  return at_most(ms, control::kWaitMax_ms, "--timeout");
}

}  // namespace estop::cli
