// SPDX-License-Identifier: Apache-2.0
#include "control/cli/option_values.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>

#include "control/cli/misuse.h"
#include "control/cli/text.h"

namespace estop::cli {
namespace {

// How an option is written when it is told from its value by '=': the long name.
struct Known {
  std::string long_name;
  bool takes_value = false;
};

void collect(const CLI::App& app, std::map<std::string, Known>& known) {
  for (const CLI::Option* option : app.get_options()) {
    const auto& long_names = option->get_lnames();
    if (long_names.empty()) continue;
    const Known one{"--" + long_names.front(), option->get_items_expected_max() > 0};
    for (const std::string& name : long_names) known["--" + name] = one;
    for (const std::string& name : option->get_snames()) known["-" + name] = one;
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    collect(*command, known);
  }
}

}  // namespace

void check_option_values(const CLI::App& app, const std::vector<std::string>& words) {
  std::map<std::string, Known> known;
  collect(app, known);
  for (std::size_t at = 0; at + 1 < words.size() && words[at] != "--"; ++at) {
    const auto option = known.find(words[at]);
    if (option == known.end() || !option->second.takes_value) continue;
    const std::string& value = words[++at];
    const bool looks_like_one = value.starts_with("--") || known.contains(value);
    if (!looks_like_one) continue;
    const std::string& name = option->second.long_name;
    refuse(
        fmt::format("{} needs a value, and '{}' looks like an option; if it is the value, write "
                    "{}",
                    name, shown(value), shell_quoted(name + '=' + value)));
  }
}

}  // namespace estop::cli
