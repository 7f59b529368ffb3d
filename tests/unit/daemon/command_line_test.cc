// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/command_line.h"

#include <gtest/gtest.h>

namespace estop::daemon {
namespace {

struct Taken {
  std::string url = "nats://127.0.0.1:4222";
  std::string creds;
  std::vector<std::string> several;
  std::uint32_t threads = 8;
  std::optional<std::uint32_t> at;
  bool full = false;
  std::optional<int> exit_code;
};

Taken parse(std::vector<std::string> words) {
  Taken taken;
  CommandLine line("about");
  line.version("program 1.2");
  line.option("--url", taken.url, "the broker");
  line.required("--creds", taken.creds, "who we are");
  line.option("--several", taken.several, "one or more");
  line.option("--threads", taken.threads, "at once", {1, 256});
  line.option("--at", taken.at, "when");
  line.flag("--full", taken.full, "all of it");
  words.insert(words.begin(), "program");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  taken.exit_code = line.parse(static_cast<int>(argv.size()), argv.data());
  return taken;
}

TEST(CommandLine, LeavesWhatIsNotNamedAsItIs) {
  const auto taken = parse({"--creds", "c"});
  EXPECT_EQ(taken.exit_code, std::nullopt);
  EXPECT_EQ(taken.url, "nats://127.0.0.1:4222");
  EXPECT_EQ(taken.threads, 8U);
  EXPECT_EQ(taken.at, std::nullopt);
  EXPECT_FALSE(taken.full);
}

TEST(CommandLine, TakesEachKind) {
  const auto taken = parse({"--creds=c", "--url", "u", "--several", "a,b", "--several", "d",
                            "--threads", "256", "--at", "0", "--full"});
  EXPECT_EQ(taken.exit_code, std::nullopt);
  EXPECT_EQ(taken.url, "u");
  EXPECT_EQ(taken.several, (std::vector<std::string>{"a", "b", "d"}));
  EXPECT_EQ(taken.threads, 256U);
  EXPECT_EQ(taken.at, 0U);
  EXPECT_TRUE(taken.full);
}

TEST(CommandLine, EndsTheProgramAfterHelpAndWrongUse) {
  struct Row {
    std::vector<std::string> words;
    int exit_code;
    std::string_view says;
  };
  const Row rows[] = {
      {{"--help"}, 0, "--threads UINT:UINT in [1 - 256]"},
      {{"--version"}, 0, "program 1.2"},
      {{}, 2, "--creds is required"},
      {{"--creds", "c", "--nonsense"}, 2, "--nonsense"},
      {{"--creds", "c", "--threads", "0"}, 2, "--threads"},
      {{"--creds", "c", "--threads", "257"}, 2, "--threads"},
      {{"--creds", "c", "--threads", "-1"}, 2, "--threads"},
      {{"--creds", "c", "--at", "4294967296"}, 2, "--at"},
      {{"--creds", "c", "--at", "soon"}, 2, "--at"},
  };
  for (const Row& row : rows) {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const auto exit_code = parse(row.words).exit_code;
    const auto out = ::testing::internal::GetCapturedStdout();
    const auto err = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(exit_code, row.exit_code) << row.says;
    EXPECT_NE((row.exit_code == 0 ? out : err).find(row.says), std::string::npos) << out << err;
  }
}

TEST(CommandLine, AnOptionIsNoValueOfAnother) {
  for (const char* gap : {"--url=", "--several="}) {
    EXPECT_EQ(parse({"--creds", "c", gap, "--full"}).exit_code, 2) << gap;
  }
  EXPECT_EQ(parse({"--creds=", "--full"}).exit_code, 2);
}

}  // namespace
}  // namespace estop::daemon
