// The house style, held against every source of the tree.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/tidy/rules.h"
#include "tests/tidy/source.h"

namespace estop::tidy {
namespace {

namespace fs = std::filesystem;

const std::vector<Source>& tree() {
  static const std::vector<Source> sources = read_tree(ESTOP_SOURCE_DIR);
  return sources;
}

void expect_none(Violations (*rule)(const Source&)) {
  ASSERT_GT(tree().size(), 20U) << "the tree was not found at " << ESTOP_SOURCE_DIR;
  std::ostringstream found;
  for (const Source& source : tree())
    for (const Violation& violation : rule(source)) found << '\n' << violation;
  EXPECT_TRUE(found.view().empty()) << found.view();
}

TEST(tidy, LinesHaveAtMost100Columns) {
  expect_none(long_lines);
}
TEST(tidy, FunctionsHaveAtMost70Lines) {
  expect_none(long_functions);
}
TEST(tidy, IncludesStayWithinTheirBoundaries) {
  expect_none(foreign_includes);
}
TEST(tidy, HeadersDragInNothingHeavy) {
  expect_none(heavy_includes);
}
TEST(tidy, BannedWordsAreReplaced) {
  expect_none(banned_words);
}
TEST(tidy, SubjectsAndMetricNamesStandInOnePlace) {
  expect_none(misplaced_literals);
}
TEST(tidy, HeadersAreIncludedOnce) {
  expect_none(missing_once);
}

TEST(tidy, EverySourceIsInATarget) {
  std::ifstream file(ESTOP_COMPILE_COMMANDS);
  ASSERT_TRUE(file) << "no " << ESTOP_COMPILE_COMMANDS << ": configure with a preset";
  std::set<std::string> compiled;
  for (const auto& entry : nlohmann::json::parse(file))
    compiled.insert(fs::path(entry.at("file").get<std::string>()).lexically_normal().string());
  std::ostringstream missing;
  for (const Source& source : tree()) {
    const fs::path path = fs::path(ESTOP_SOURCE_DIR) / source.path;
    if (source.is_header() || compiled.contains(path.lexically_normal().string())) continue;
    missing << '\n'
            << source.path
            << ":1: in no target: list it in the CMakeLists.txt beside it, or remove it";
  }
  EXPECT_TRUE(missing.view().empty()) << missing.view();
}

// main.cc composes: parse, construct, run, exit code.
TEST(tidy, MainHasAtMost100Lines) {
  for (const Source& source : tree()) {
    if (source.file_name() != "main.cc" || source.raw.size() <= 100) continue;
    ADD_FAILURE() << source.path << ":101: main.cc composes in at most 100 lines: move the rest "
                  << "into the library beside it";
  }
}

// A part is one of our folders or one directly below it that holds sources.
TEST(tidy, EveryPartHasAReadme) {
  std::set<std::string> folders{"docker", "tests"};
  for (const Source& source : tree()) {
    const fs::path folder = fs::path(source.path).parent_path();
    const std::string top = folder.begin()->string();
    folders.insert(top);
    if (top != "tests" && std::distance(folder.begin(), folder.end()) == 2)
      folders.insert(folder.string());
  }
  std::ostringstream missing;
  for (const std::string& folder : folders) {
    if (fs::exists(fs::path(ESTOP_SOURCE_DIR) / folder / "README.md")) continue;
    missing << '\n'
            << folder << "/README.md:1: missing: what it decides, what it holds, and what happens "
            << "when each neighbour is gone";
  }
  EXPECT_TRUE(missing.view().empty()) << missing.view();
}

}  // namespace
}  // namespace estop::tidy
