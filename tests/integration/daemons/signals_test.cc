// SPDX-License-Identifier: Apache-2.0

// What a signal does to the real daemons: none of them ends before it has said so.
#include <csignal>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/integration/control/site.h"

namespace estop::testing {
namespace {

class SignalsTest : public ::testing::Test {
 protected:
  void start() {
    site.control_options = "--log-file " + site.data.file("own.log");
    site.start_control();
    ASSERT_TRUE(site.leads()) << site.log("control");
    site.start_bridge();
    ASSERT_TRUE(site.is_open()) << site.log("bridge");
  }
  Site site;
};

TEST_F(SignalsTest, NoStraySignalEndsADaemon) {
  start();
  for (const int number : {SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGPIPE, SIGVTALRM, SIGPROF, SIGIO,
                           SIGPWR, SIGXFSZ, SIGSTKFLT, SIGRTMIN, SIGRTMAX}) {
    for (auto* daemon : {&site.control, &site.bridge}) {
      daemon->signal(number);
      EXPECT_FALSE(daemon->wait(std::chrono::milliseconds(20))) << number;
    }
  }
  EXPECT_TRUE(site.leads());
  EXPECT_TRUE(site.is_open());
  EXPECT_EQ(site.kill("acme/prod/x").stage("fenced")["n"], 1);
}

TEST_F(SignalsTest, AHangUpOpensTheLogFileAgain) {
  start();
  const std::string log = site.data.file("own.log");
  std::filesystem::rename(log, log + ".1");
  site.control.signal(SIGHUP);
  EXPECT_TRUE(site.until([&] { return read_text(log).find("log-reopened") != std::string::npos; }));
  EXPECT_NE(read_text(log + ".1").find("started"), std::string::npos);
  EXPECT_EQ(read_text(log + ".1").find("log-reopened"), std::string::npos);
}

TEST_F(SignalsTest, ALogFileThatCannotBeOpenedAgainStaysAsItIs) {
  start();
  const std::string log = site.data.file("own.log");
  std::filesystem::rename(log, log + ".1");
  std::filesystem::create_directory(log);
  site.control.signal(SIGHUP);
  EXPECT_TRUE(site.until(
      [&] { return read_text(log + ".1").find("log-not-reopened") != std::string::npos; }));
  EXPECT_NE(read_text(log + ".1").find("--log-file: " + log + ": Is a directory"),
            std::string::npos);
  EXPECT_TRUE(site.leads());
}

TEST_F(SignalsTest, ADaemonThatEndsTakesItsReadyFileAway) {
  start();
  for (auto* daemon : {&site.bridge, &site.control}) {
    EXPECT_TRUE(daemon->terminate(kPatience).ok());
  }
  EXPECT_FALSE(std::filesystem::exists(site.data.file("bridge.port")));
  EXPECT_FALSE(std::filesystem::exists(site.data.file("control.port")));
}

// The warnings of a log, each without its time, and how often it stands there.
std::map<std::string, int> warnings_in(const std::string& log) {
  std::map<std::string, int> found;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    const auto level = line.find("\"level\":\"warn\"");
    if (level != std::string::npos) ++found[line.substr(level)];
  }
  return found;
}

TEST_F(SignalsTest, AWarningThatRepeatsIsLeftOutOfTheLog) {
  start();
  const auto connected = [&] {
    const std::string log = site.log("bridge");
    int count = 0;
    for (auto at = log.find("\"connected\""); at != std::string::npos;
         at = log.find("\"connected\"", at + 1)) {
      ++count;
    }
    return count;
  };
  for (int times = 1; times <= 5; ++times) {  // each warns of two lost connections
    const int before = connected();
    site.broker->kill();
    site.broker->restart();
    ASSERT_TRUE(site.until([&] { return connected() == before + 2; })) << site.log("bridge");
  }
  const auto warnings = warnings_in(site.log("bridge"));
  EXPECT_FALSE(warnings.empty());
  for (const auto& [line, count] : warnings) EXPECT_EQ(count, 1) << line;
}

}  // namespace
}  // namespace estop::testing
