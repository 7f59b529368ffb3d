// What a signal does to the real daemons: none of them ends before it has said so.
#include <csignal>
#include <filesystem>

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

TEST_F(SignalsTest, AWarningThatRepeatsIsLeftOutOfTheLog) {
  start();
  site.broker->stop();
  const auto warnings = [&] {
    std::size_t count = 0;
    const std::string log = site.log("bridge");
    for (auto at = log.find("\"disconnected\""); at != std::string::npos;
         at = log.find("\"disconnected\"", at + 1)) {
      ++count;
    }
    return count;
  };
  EXPECT_TRUE(site.until([&] { return warnings() > 0; })) << site.log("bridge");
  EXPECT_LE(warnings(), 2U) << "one for each account";
}

}  // namespace
}  // namespace estop::testing
