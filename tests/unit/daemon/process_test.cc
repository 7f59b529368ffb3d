// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace estop::daemon {
namespace {

using estop::testing::read_text;
using estop::testing::TempDir;
using estop::testing::wait_until;
using Millis = ChildProcess::Millis;

constexpr Millis kPatience{10'000};

class ProcessTest : public ::testing::Test {
 protected:
  ChildProcess shell(const std::string& script) {
    SpawnOptions options;
    options.command = {"sh", "-c", script};
    options.log_file = folder_.file("log");
    options.environment = {{"ESTOP_TEST", "value"}};
    auto child = ChildProcess::spawn(options);
    EXPECT_TRUE(child) << child.error();
    return std::move(*child);
  }
  std::string log() { return read_text(folder_.file("log")); }
  [[nodiscard]] bool logs(const std::string& text) {
    return wait_until([&] { return log() == text; });
  }

  TempDir folder_;
};

TEST_F(ProcessTest, RunsAndReportsHowItEnded) {
  EXPECT_EQ(shell("exit 7").wait(kPatience), (ExitStatus{7, 0}));
  EXPECT_EQ(shell("kill -9 $$").wait(kPatience), (ExitStatus{0, SIGKILL}));
  EXPECT_TRUE(shell("true").wait(kPatience)->ok());
}

TEST_F(ProcessTest, LogsBothOutputsAndSeesItsEnvironment) {
  auto child = shell("echo $ESTOP_TEST; echo error >&2");
  ASSERT_TRUE(child.wait(kPatience));
  EXPECT_EQ(log(), "value\nerror\n");
}

TEST_F(ProcessTest, SaysWhyAProgramCannotStart) {
  const auto child = ChildProcess::spawn({.command = {"/no/such/program"}});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().detail, "cannot start /no/such/program: No such file or directory");
  EXPECT_FALSE(ChildProcess::spawn({}));
}

TEST_F(ProcessTest, NamesALogFileThatCannotBeMade) {
  SpawnOptions options;
  options.command = {"true"};
  options.log_file = folder_.file("none/log");
  const auto child = ChildProcess::spawn(options);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().detail,
            "cannot start true: its log file " + options.log_file + ": No such file or directory");
  options.log_file.clear();
  options.folder = folder_.file("none");
  EXPECT_EQ(ChildProcess::spawn(options).error().detail,
            "cannot start true: its folder " + options.folder + ": No such file or directory");
}

TEST_F(ProcessTest, AChildIgnoresNoSignalThatWeIgnore) {
  std::signal(SIGUSR1, SIG_IGN);
  EXPECT_EQ(shell("kill -USR1 $$; exit 3").wait(kPatience), (ExitStatus{0, SIGUSR1}));
  std::signal(SIGUSR1, SIG_DFL);
}

TEST_F(ProcessTest, WaitGivesUpAtItsDeadline) {
  auto child = shell("exec sleep 60");
  EXPECT_FALSE(child.wait(Millis(20)));
  EXPECT_TRUE(child.running());
}

TEST_F(ProcessTest, TerminateAsksFirst) {
  auto child = shell("trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.01; done");
  ASSERT_TRUE(logs("up\n"));
  EXPECT_EQ(child.terminate(kPatience), (ExitStatus{3, 0}));
  EXPECT_EQ(log(), "up\nbye\n");
}

TEST_F(ProcessTest, TerminateKillsWhatDoesNotListen) {
  auto child = shell("trap '' TERM; echo up; while :; do sleep 0.01; done");
  ASSERT_TRUE(logs("up\n"));
  EXPECT_EQ(child.terminate(Millis(50)), (ExitStatus{0, SIGKILL}));
}

TEST_F(ProcessTest, NoChildOutlivesItsOwner) {
  pid_t pid = 0;
  {
    auto child = shell("exec sleep 60");
    pid = child.pid();
    ASSERT_EQ(::kill(pid, 0), 0);
    const auto moved = std::move(child);
    EXPECT_EQ(moved.pid(), pid);
  }
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST_F(ProcessTest, AChildDiesWithAParentThatIsKilled) {
  TempDir other;
  const auto inner = other.file("inner");
  const pid_t middle = ::fork();  // stands for an `estop up` that is killed with -9
  if (middle == 0) {
    const auto child = ChildProcess::spawn({.command = {"sleep", "60"}});
    estop::testing::write_text(inner, std::to_string(child->pid()) + "\n");
    for (;;) ::pause();
  }
  ASSERT_TRUE(wait_until([&] { return read_text(inner).ends_with('\n'); }));
  const pid_t pid = std::stoi(read_text(inner));
  ::kill(middle, SIGKILL);
  ::waitpid(middle, nullptr, 0);
  EXPECT_TRUE(wait_until([&] {  // gone, or a zombie that the init process has not reaped yet
    const auto stat = read_text("/proc/" + std::to_string(pid) + "/stat");
    return stat.empty() || stat.find(") Z") != std::string::npos;
  }));
}

}  // namespace
}  // namespace estop::daemon
