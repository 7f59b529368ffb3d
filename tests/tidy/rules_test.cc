// SPDX-License-Identifier: Apache-2.0

// The rules themselves, each with a source that breaks it and one that does not.
#include "tests/tidy/rules.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace estop::tidy {
namespace {

using Rule = Violations (*)(const Source&);

struct Case {
  const char* what;
  Rule rule;
  const char* path;
  std::string text;
  std::size_t line;  // of the one violation; 0: none
};

std::string lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "int x;\n";
  return text;
}

const Case kCases[] = {
    {"100 columns fit", long_lines, "a.cc", std::string(100, 'x'), 0},
    {"101 columns do not", long_lines, "a.cc", "\n" + std::string(101, 'x'), 2},
    {"characters count, not bytes", long_lines, "a.cc", std::string(99, 'x') + "→", 0},
    {"300 lines fit", long_files, "schemas/a.cc", lines(300), 0},
    {"301 lines do not", long_files, "schemas/a.h", lines(301), 301},
    {"a test may be long", long_files, "tests/unit/a.cc", lines(301), 0},
    {"asio in a core", foreign_includes, "control/core/log/ledger.cc", "#include <boost/asio.hpp>",
     1},
    {"mutex in schemas", foreign_includes, "schemas/a.cc", "\n#include <mutex>", 2},
    {"mutex in a shell", foreign_includes, "control/recorder/a.cc", "#include <mutex>", 0},
    {"nats outside its folder", foreign_includes, "control/app/a.cc", "#include <nats/nats.h>", 1},
    {"nats in its folder", foreign_includes, "broker-bridge/nats/a.cc", "#include <nats/nats.h>",
     0},
    {"sqlite outside its folder", foreign_includes, "control/app/a.cc", "#include <sqlite3.h>", 1},
    {"msgpack outside the codec", foreign_includes, "control/app/a.cc", "#include <msgpack.hpp>",
     1},
    {"beast in a header", heavy_includes, "control/app/a.h", "#include <boost/beast/http.hpp>", 1},
    {"beast in a .cc", heavy_includes, "control/app/a.cc", "#include <boost/beast/http.hpp>", 0},
    {"sleep in a test", banned_words, "tests/unit/a.cc", "std::this_thread::sleep_for(1s);", 1},
    {"using namespace", banned_words, "a.cc", "using namespace std;", 1},
    {"literals may be imported", banned_words, "a.cc", "using namespace std::chrono_literals;", 0},
    {"new", banned_words, "a.cc", "auto* a = new A;", 1},
    {"new straight into its owner", banned_words, "a.cc", "std::unique_ptr<A> a(new A);", 0},
    {"delete", banned_words, "a.cc", "delete a;", 1},
    {"deleted functions are fine", banned_words, "a.cc", "A(const A&) = delete;", 0},
    {"words that contain one", banned_words, "a.cc", "renew(); filesystem(a); deleted = newest;",
     0},
    {"in a comment it is no code", banned_words, "a.cc", "// a new one; system(3)", 0},
    {"in a string it is no code", banned_words, "a.cc", "say(\"new\");", 0},
    {"system", banned_words, "a.cc", "system(\"ls\");", 1},
    {"environment outside main", banned_words, "control/app/a.cc", "getenv(\"A\");", 1},
    {"environment in main", banned_words, "control/app/main.cc", "std::getenv(\"A\");", 0},
    {"a clock in a core", banned_words, "control/core/a.cc", "std::chrono::steady_clock::now();",
     1},
    {"an open end", banned_words, "a.cc",
     "// TO"
     "DO: later",
     1},
    {"a subject outside its file", misplaced_literals, "control/app/a.cc", "f(\"estop.log\");", 1},
    {"a JetStream subject", misplaced_literals, "control/app/a.cc", "f(\"$JS.API.INFO\");", 1},
    {"a subject in its file", misplaced_literals, "schemas/subjects.cc", "f(\"estop.log\");", 0},
    {"a file name is no subject", misplaced_literals, "control/app/a.cc", "f(\"estop.db\");", 0},
    {"a metric name", misplaced_literals, "control/app/a.cc", "f(\"estop_kills_total\");", 1},
    {"a metric name in its place", misplaced_literals, "broker-bridge/daemon/metric_names.h",
     "f(\"estop_kills_total\");", 0},
    {"a file without a license", missing_license, "a.cc", "// A\nint f();", 1},
    {"a file with one", missing_license, "a.cc", "// SPDX-License-Identifier: Apache-2.0\n", 0},
    {"a header without a guard", missing_once, "a.h", "int f();", 1},
    {"a header with one", missing_once, "a.h", "// A\n#pragma once\n", 0},
};

TEST(tidy_rules, EachFindsWhatItBansAndNothingElse) {
  for (const Case& c : kCases) {
    const Violations found = c.rule(read_source(c.path, c.text));
    ASSERT_EQ(found.size(), c.line == 0 ? 0U : 1U) << c.what;
    const std::size_t line = found.empty() ? 0 : found[0].line;
    EXPECT_EQ(line, c.line) << c.what;
  }
}

TEST(tidy_rules, ARawStringIsAStringToItsOwnEnd) {
  const Source source = read_source("a.cc", "f(R\"x(new \" )\" )x\"); delete a;");
  EXPECT_EQ(source.code[0].find("new"), std::string::npos);
  EXPECT_EQ(banned_words(source).size(), 1U);
}

TEST(tidy_rules, ADigitSeparatorStartsNoCharacter) {
  EXPECT_EQ(banned_words(read_source("a.cc", "f(1'000); delete a; g(2'000);")).size(), 1U);
}

// --- Rules that look at the whole tree ---

std::vector<Source> tree_of(std::initializer_list<std::pair<const char*, const char*>> files) {
  std::vector<Source> tree;
  for (const auto& [path, text] : files) tree.push_back(read_source(path, text));
  return tree;
}

TEST(tidy_rules, ANameHasOneTypeInItsNamespace) {
  const auto twins = [](const char* other) {
    const auto tree =
        tree_of({{"a.h", "namespace x {\nstruct Job {\n};\n}  // namespace x\n"}, {"b.h", other}});
    return twin_types(tree).size();
  };
  EXPECT_EQ(twins("namespace x {\nclass Job : public Base {\n};\n"), 1U);
  EXPECT_EQ(twins("namespace x {\nenum class Job : int { kOne };\n"), 1U);
  EXPECT_EQ(twins("namespace x {\nnamespace {\nint i;\n}  // namespace\nstruct Job {};\n"), 1U);
  EXPECT_EQ(twins("namespace x {\nstruct Job;\nstruct Jobs {};\n"), 0U);
  EXPECT_EQ(twins("namespace y {\nstruct Job {};\n"), 0U);
  EXPECT_EQ(twins("namespace x {\nnamespace {\nstruct Job {};\n"), 0U);
  EXPECT_EQ(twins("namespace x {\nstruct Other {\n  struct Job {};\n};\n"), 0U);
  EXPECT_EQ(twins("namespace x {\ntemplate <>\nstruct Job<int> {};\n"), 0U);
}

}  // namespace
}  // namespace estop::tidy
