// SPDX-License-Identifier: Apache-2.0

// Finds an option in the place of a value: `--reason --now` lacks the reason, and would send
// "--now" as one. Private to `parse`.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace estop::cli {

// Throws Misuse, which says what to type instead. `words` in the order in which they were typed;
// `app` and its commands know which options take a value.
void check_option_values(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace estop::cli
