// SPDX-License-Identifier: Apache-2.0

// What reads the fields of one verb, and what several of them share. Private to control/json.
#pragma once

#include <string>

#include "control/core/orders/command.h"
#include "control/json/fields.h"
#include "schemas/messages.h"

namespace estop::control {

[[nodiscard]] Command read_kill(Fields& fields);
[[nodiscard]] Command read_resume(Fields& fields);
[[nodiscard]] Command read_approve(Fields& fields);

// The field `reason`, which is mandatory.
[[nodiscard]] std::string read_reason(Fields& fields);
// 64 hexadecimal digits.
[[nodiscard]] schemas::Hash read_hash(Fields& fields, const char* key);

}  // namespace estop::control
