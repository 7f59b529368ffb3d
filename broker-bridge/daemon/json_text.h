// SPDX-License-Identifier: Apache-2.0

// Text that may come from an agent, made safe for a JSON string.
#pragma once

#include <string>
#include <string_view>

namespace estop::daemon {

// Appends `text` between quotes: quotes, backslashes and control characters escaped, bytes that are
// not UTF-8 replaced by U+FFFD. The result has no line break and is valid JSON.
void append_json_string(std::string& out, std::string_view text);

}  // namespace estop::daemon
