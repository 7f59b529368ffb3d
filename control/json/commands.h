// SPDX-License-Identifier: Apache-2.0

// Commands as operators write them: JSON objects. Field names are part of the protocol
// (PROTOCOL.md).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "control/core/events.h"
#include "schemas/result.h"

namespace estop::control {

// kMalformed: not a JSON object, too deep, or a field twice. kUnknownType: no such verb. kBadScope,
// kBadAddress, kMissingReason, kBadArgument name the field and the rule.
[[nodiscard]] schemas::Result<Command> parse_command(std::string_view verb, std::string_view json);
// The event for the core: opened and parsed, but not verified. If the command cannot be read, it
// holds the error.
[[nodiscard]] CommandReceived command_of(std::string actor, std::string verb, std::string json,
                                         std::string fresh_op_id, Asker asker);
// The field `through` of a resume.
[[nodiscard]] nlohmann::json through_json(const schemas::Through& through);

}  // namespace estop::control
