// SPDX-License-Identifier: Apache-2.0

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
#include <string_view>
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
TEST(tidy, FilesOfTheProductHaveAtMost300Lines) {
  expect_none(long_files);
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
TEST(tidy, EveryFileNamesItsLicense) {
  expect_none(missing_license);
}
TEST(tidy, HeadersAreIncludedOnce) {
  expect_none(missing_once);
}

TEST(tidy, NoTwoTypesHaveOneName) {
  std::ostringstream found;
  for (const Violation& violation : twin_types(tree())) found << '\n' << violation;
  EXPECT_TRUE(found.view().empty()) << found.view();
}

// What a source that CMake made includes: those that are compiled together.
std::set<std::string> included_by(const std::string& unity_source) {
  std::set<std::string> sources;
  std::ifstream file(unity_source);
  constexpr std::string_view kInclude = "#include \"";
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(kInclude)) continue;
    const std::string path = line.substr(kInclude.size(), line.rfind('"') - kInclude.size());
    sources.insert(fs::path(path).lexically_normal().string());
  }
  return sources;
}

TEST(tidy, EverySourceIsInATarget) {
  std::ifstream file(ESTOP_COMPILE_COMMANDS);
  ASSERT_TRUE(file) << "no " << ESTOP_COMPILE_COMMANDS << ": configure with a preset";
  std::set<std::string> compiled;
  for (const auto& entry : nlohmann::json::parse(file)) {
    const std::string source = entry.at("file").get<std::string>();
    compiled.insert(fs::path(source).lexically_normal().string());
    if (source.find("/Unity/") != std::string::npos) compiled.merge(included_by(source));
  }
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

// Every `estop_…` word of a text, without the endings that Prometheus gives to parts of a
// histogram.
std::set<std::string> metrics_in(const std::string& text) {
  std::set<std::string> found;
  for (std::size_t at = text.find("estop_"); at != std::string::npos;
       at = text.find("estop_", at)) {
    const std::size_t end =
        std::min(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789", at), text.size());
    std::string name = text.substr(at, end - at);
    for (const char* ending : {"_bucket", "_count", "_sum"})
      if (name.ends_with(ending)) name.resize(name.rfind('_'));
    found.insert(std::move(name));
    at = end;
  }
  return found;
}

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(tidy, DashboardsAndAlertsUseMetricsThatExist) {
  const fs::path root = ESTOP_SOURCE_DIR;
  const auto known = metrics_in(read_text(root / "broker-bridge/daemon/metric_names.h"));
  ASSERT_FALSE(known.empty());
  std::ostringstream unknown;
  for (const auto& entry : fs::recursive_directory_iterator(root / "docker")) {
    if (!entry.is_regular_file()) continue;
    for (const std::string& name : metrics_in(read_text(entry.path())))
      if (!known.contains(name))
        unknown << '\n' << fs::relative(entry, root).string() << ":1: no metric " << name;
  }
  EXPECT_TRUE(unknown.view().empty()) << unknown.view();
}

}  // namespace
}  // namespace estop::tidy
