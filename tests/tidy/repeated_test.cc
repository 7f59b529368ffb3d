// SPDX-License-Identifier: Apache-2.0

// What stands twice is written once: no two places of the product share twelve equal lines of code.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/source.h"

namespace estop::tidy {
namespace {

constexpr std::size_t kEqualMax = 12;

struct Line {
  std::string text;  // without the spaces around it
  std::size_t number = 0;
};

// Code alone: no comments, includes or empty lines.
std::vector<Line> code_of(const Source& source) {
  std::vector<Line> lines;
  for (std::size_t i = 0; i < source.code.size(); ++i) {
    const std::string_view code = source.code[i];
    const std::size_t first = code.find_first_not_of(' ');
    if (first == std::string_view::npos || code.starts_with('#')) continue;
    // Literals count: their insides are blank in `code`.
    const std::size_t last = code.find_last_not_of(' ');
    lines.push_back({source.raw[i].substr(first, last - first + 1), i + 1});
  }
  return lines;
}

// The places at which twelve lines begin that stood before, in any of the sources.
std::vector<std::string> repeated(const std::vector<Source>& sources) {
  std::map<std::string, std::string> seen;
  std::vector<std::string> found;
  for (const Source& source : sources) {
    const std::vector<Line> lines = code_of(source);
    for (std::size_t i = 0; i + kEqualMax <= lines.size(); ++i) {
      std::string window;
      for (std::size_t at = i; at < i + kEqualMax; ++at) window += lines[at].text + '\n';
      const std::string here = fmt::format("{}:{}", source.path, lines[i].number);
      const auto [first, is_new] = seen.try_emplace(std::move(window), here);
      if (!is_new) found.push_back(fmt::format("{} is {} again", here, first->second));
    }
  }
  return found;
}

std::vector<Source> product() {
  std::vector<Source> sources = read_tree(ESTOP_SOURCE_DIR);
  std::erase_if(sources, [](const Source& one) { return one.in("tests/"); });
  return sources;
}

TEST(tidy, NoTwelveLinesStandTwice) {
  const auto found = repeated(product());
  EXPECT_TRUE(found.empty()) << "make one of both: " << ::testing::PrintToString(found);
}

TEST(RuleOfRepeatedLines, SeesTwelveAndNotEleven) {
  const auto numbered = [](std::string path, int count) {
    std::string text = "// " + path + "\n#include <map>\n";
    for (int i = 0; i < count; ++i) text += fmt::format("  call({});  // {}\n\n", i, path);
    return read_source(std::move(path), text + "own(\"" + path + "\");\n");
  };
  EXPECT_TRUE(repeated({numbered("a.cc", 11), numbered("b.cc", 11)}).empty());
  EXPECT_EQ(repeated({numbered("a.cc", 12), numbered("b.cc", 12)}).size(), 1U);
}

}  // namespace
}  // namespace estop::tidy
