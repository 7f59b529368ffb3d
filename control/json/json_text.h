// SPDX-License-Identifier: Apache-2.0

// JSON of an answer as text, and the longer answers. Private to control/json.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/core/replies.h"

namespace estop::control {

// Foreign text may hold broken UTF-8: it is shown with replacement characters.
[[nodiscard]] std::string text(const nlohmann::json& value);

[[nodiscard]] nlohmann::json shown_page(const StatusPage& page);
[[nodiscard]] nlohmann::json shown_page(const AgentsPage& page);
[[nodiscard]] nlohmann::json shown_page(const KillsPage& page);
[[nodiscard]] nlohmann::json shown_page(const AgentPage& page);

}  // namespace estop::control
