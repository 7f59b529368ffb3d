// SPDX-License-Identifier: Apache-2.0

// How long a line and a file of the product may be.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "tests/tidy/rules.h"

namespace estop::tidy {
namespace {

// Files that were longer when the rule came. A number may only shrink; at 300 lines its row goes.
struct Longer {
  std::string_view path;
  std::size_t lines;
};
constexpr std::array kLonger{
    Longer{"broker-bridge/app/bridge_shell.cc", 323},
    Longer{"control/app/claims_writer.cc", 313},
};

}  // namespace

Violations long_lines(const Source& source) {
  Violations found;
  for (std::size_t i = 0; i < source.raw.size(); ++i) {
    const auto columns = std::count_if(source.raw[i].begin(), source.raw[i].end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    });
    if (static_cast<std::size_t>(columns) <= kColumnsMax) continue;
    found.push_back({source.path, i + 1,
                     fmt::format("{} columns: at most {}; break the line", columns, kColumnsMax)});
  }
  return found;
}

Violations long_files(const Source& source) {
  if (source.in("tests/")) return {};
  const auto* row = std::find_if(kLonger.begin(), kLonger.end(),
                                 [&](const Longer& longer) { return longer.path == source.path; });
  const std::size_t lines = source.raw.size();
  if (row == kLonger.end()) {
    if (lines <= kFileMax_lines) return {};
    return {{source.path, kFileMax_lines + 1,
             fmt::format("{} lines: at most {}; split the file by what it decides", lines,
                         kFileMax_lines)}};
  }
  if (lines > row->lines) {
    return {
        {source.path, lines,
         fmt::format("{} lines: was {} and may only shrink; split it instead", lines, row->lines)}};
  }
  if (lines > kFileMax_lines) return {};
  return {{source.path, lines, "is short now: remove its row from kLonger in tests/tidy/sizes.cc"}};
}

}  // namespace estop::tidy
