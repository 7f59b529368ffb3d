// SPDX-License-Identifier: Apache-2.0

// JSON of an answer as text. Private to control/core.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace estop::control {

// Whatever came from outside may hold broken UTF-8: it is shown with replacement characters.
[[nodiscard]] std::string text(const nlohmann::json& value);

}  // namespace estop::control
