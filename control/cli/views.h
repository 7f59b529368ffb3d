// SPDX-License-Identifier: Apache-2.0

// Control's answers to questions as text for people. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "schemas/address.h"

namespace estop::cli {

using Answers = std::vector<nlohmann::json>;

[[nodiscard]] std::string view_ps(const Answers& answers, bool wide);
[[nodiscard]] std::string view_get(const Answers& answers);
[[nodiscard]] std::string view_status(const Answers& answers);
[[nodiscard]] std::string view_audit(const Answers& answers);

// Whether the chain is whole, and where it begins.
[[nodiscard]] std::string view_verdict(const nlohmann::json& verdict);
// One sentence, without a line's end: which entries are gone, by whom, why, and where they are.
[[nodiscard]] std::string view_cut(const nlohmann::json& cut);

// What a resume of `scope` would lift, from the answers to `ps` of that scope: the kills of exactly
// that scope, the instances that they hold, and the wider kills that continue to hold them. If
// there is nothing to lift, a line says so.
[[nodiscard]] std::string view_lifted(const Answers& answers, const schemas::Scope& scope);

// An order that waits for a second operator, from `status`, and its operator.
[[nodiscard]] std::string view_proposal(const nlohmann::json& proposal);

// One event of the live feed as a line without its end: its number in the audit ("-": none), time,
// kind, who, whom, what.
[[nodiscard]] std::string event_line(const nlohmann::json& event);
[[nodiscard]] bool concerns(const nlohmann::json& event, const schemas::Scope& scope);

}  // namespace estop::cli
