// SPDX-License-Identifier: Apache-2.0

// Reads control's answers without trusting their shape: a missing value, or one of another type,
// reads as nothing. Pure.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.h"

namespace estop::cli {

// Never throws; a text that is no JSON object becomes {"error": …, "done": true}.
[[nodiscard]] nlohmann::json parse_answer(std::string_view text);
// JSON as it is sent and printed: one line, or several with an indent. Never throws: bytes that are
// no UTF-8 become U+FFFD. Control characters are escaped.
[[nodiscard]] std::string json_text(const nlohmann::json& value, int indent = -1);
[[nodiscard]] std::optional<schemas::Error> error_of(const nlohmann::json& answer);

[[nodiscard]] bool has(const nlohmann::json& object, const char* key);
[[nodiscard]] std::string text(const nlohmann::json& object, const char* key);
[[nodiscard]] std::uint64_t number(const nlohmann::json& object, const char* key);
[[nodiscard]] bool flag(const nlohmann::json& object, const char* key);
[[nodiscard]] std::vector<std::string> texts(const nlohmann::json& object, const char* key);
// The objects of a list.
[[nodiscard]] std::vector<nlohmann::json> items(const nlohmann::json& object, const char* key);

}  // namespace estop::cli
