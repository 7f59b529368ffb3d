// SPDX-License-Identifier: Apache-2.0

// The value of an option that is an option itself: `--reason --now` has forgotten the reason, and
// would send "--now" as one. Private to `parse`.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace estop::cli {

// Throws Misuse with what to type instead. `words` in the order in which they were typed; `app` and
// its commands tell which options take a value.
void check_option_values(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace estop::cli
