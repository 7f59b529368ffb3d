// SPDX-License-Identifier: Apache-2.0

// The table of defaults in the security document, held against the sources that it names.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace estop::tidy {
namespace {

const std::filesystem::path kRoot = ESTOP_SOURCE_DIR;

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// `2 * 1024 * 1024`, `65'536` and `65,536`, as numbers.
unsigned long long product(std::string text) {
  std::erase_if(text, [](char c) { return c == '\'' || c == ',' || c == '*'; });
  std::istringstream factors(text);
  unsigned long long made = 1;
  for (unsigned long long factor = 0; factors >> factor;) made *= factor;
  return made;
}

// What a source initialises `name` with; nullopt: nothing, or more than one thing.
std::optional<unsigned long long> initial(const std::string& source, const std::string& name) {
  const std::regex pattern("\\b" + name + R"((?: =\s*|\{)([0-9'][0-9' *]*)[;}])");
  std::set<std::string> found;
  for (std::sregex_iterator at(source.begin(), source.end(), pattern), end; at != end; ++at) {
    found.insert(at->str(1));
  }
  if (found.size() != 1) return std::nullopt;
  return product(*found.begin());
}

TEST(tidy, DefaultsInTheSecurityDocumentAreThoseOfTheCode) {
  const std::string document = text_of(kRoot / ".github/SECURITY.md");
  const std::regex row(R"(\| `(\w+)` \| ([0-9,]+) \|[^\n]*\| `([\w./-]+)` \|[^\n|]*\|\n)");
  std::set<std::string> told;
  for (std::sregex_iterator at(document.begin(), document.end(), row), end; at != end; ++at) {
    const auto value = initial(text_of(kRoot / at->str(3)), at->str(1));
    ASSERT_TRUE(value) << at->str(3) << " does not set " << at->str(1) << " once";
    EXPECT_EQ(*value, product(at->str(2))) << at->str(1) << " in " << at->str(3);
    told.insert(at->str(1));
  }
  const std::string limits = text_of(kRoot / "schemas/limits.h");
  const std::regex limit(R"(constexpr [\w:]+ (k\w+) =)");
  for (std::sregex_iterator at(limits.begin(), limits.end(), limit), end; at != end; ++at) {
    EXPECT_TRUE(told.contains(at->str(1))) << "no row in .github/SECURITY.md: " << at->str(1);
  }
  EXPECT_GT(told.size(), 20U);
}

}  // namespace
}  // namespace estop::tidy
