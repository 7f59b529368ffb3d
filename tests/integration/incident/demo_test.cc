// SPDX-License-Identifier: Apache-2.0

// The demo on real servers: whatever the moment of the kill, its closing line keeps the promise.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/integration/incident/demo_run.h"
#include "tests/support/wait_until.h"

namespace estop::testing {
namespace {

constexpr std::size_t kCustomers = 300;
constexpr std::size_t kMailerThreads = 8;

struct Play {
  const char* name;
  std::size_t kill_at;
  bool crash_one;
  const char* stopped;
};
void PrintTo(const Play& play, std::ostream* out) {
  *out << play.name;
}

class Demo : public ::testing::TestWithParam<Play> {
 protected:
  Demo() { write_text(folder_.file("customers.csv"), DemoRun::customers(kCustomers)); }

  [[nodiscard]] std::vector<std::string> arguments() const {
    std::vector<std::string> list{"--customers", folder_.file("customers.csv"), "--kill-at",
                                  std::to_string(GetParam().kill_at)};
    if (GetParam().crash_one) list.emplace_back("--crash-one");
    return list;
  }

  TempDir folder_;
};

TEST_P(Demo, KeepsThePromiseAndLeavesNothingBehind) {
  DemoRun run(arguments());
  EXPECT_TRUE(run.wait().ok()) << run.output();
  const auto closing = nlohmann::json::parse(run.last_line(), nullptr, false);
  ASSERT_TRUE(closing.is_object()) << run.output();
  SCOPED_TRACE(closing.dump());
  EXPECT_EQ(closing["customers"], kCustomers);
  EXPECT_LE(closing["in_flight_at_fence"].get<std::size_t>(), kMailerThreads);
  EXPECT_EQ(closing["mails_after_fence"], 0);
  EXPECT_EQ(closing["duplicates"], 0);
  EXPECT_EQ(closing["missing"], 0);
  EXPECT_GT(closing["refused_while_killed"], 0);
  EXPECT_EQ(closing["stopped"], GetParam().stopped);
  EXPECT_EQ(closing["unconfirmed"].size(), GetParam().crash_one ? 2U : 1U);
  EXPECT_EQ(closing["audit_ok"], true);
  EXPECT_TRUE(run.processes().empty());
  EXPECT_TRUE(run.folder_is_empty());
}

INSTANTIATE_TEST_SUITE_P(AnyMomentOfTheKill, Demo,
                         ::testing::Values(Play{"at once", 0, false, "2/3"},
                                           Play{"first mail", 1, false, "2/3"},
                                           Play{"a third", 100, false, "2/3"},
                                           Play{"last but one", 299, false, "2/3"},
                                           Play{"after the end", 300, false, "2/3"},
                                           Play{"after a kill -9", 100, true, "1/3"}));

TEST(DemoInterrupted, LeavesNoProcessAndNoFile) {
  DemoRun run({});
  ASSERT_TRUE(wait_until([&] { return run.output().find("agents") != std::string::npos; }));
  run.interrupt();
  EXPECT_EQ(run.wait().code, 130) << run.output();
  EXPECT_TRUE(run.processes().empty());
  EXPECT_TRUE(run.folder_is_empty());
}

TEST(DemoWithABadCustomerFile, SaysTheLineAndStartsNothing) {
  const TempDir folder;
  write_text(folder.file("bad.csv"), "email\na@b.example\nnobody\n");
  DemoRun run({"--customers", folder.file("bad.csv")});
  EXPECT_EQ(run.wait().code, 2);
  EXPECT_NE(run.output().find("bad.csv: line 3: 'nobody' is no e-mail address"), std::string::npos);
  EXPECT_TRUE(run.folder_is_empty());
}

}  // namespace
}  // namespace estop::testing
