// SPDX-License-Identifier: Apache-2.0

// How long a line and a file of the product may be.
#include <fmt/format.h>

#include <algorithm>

#include "tests/tidy/rules.h"

namespace estop::tidy {
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
  const std::size_t lines = source.raw.size();
  if (lines <= kFileMax_lines) return {};
  return {{source.path, kFileMax_lines + 1,
           fmt::format("{} lines: at most {}; split the file by what it decides", lines,
                       kFileMax_lines)}};
}

}  // namespace estop::tidy
