// SPDX-License-Identifier: Apache-2.0

// `estop up`: it starts, it is alone, it survives its children and leaves none behind.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "control/auth/accounts.h"
#include "tests/integration/cli/embedded.h"
#include "tests/support/wait_until.h"

namespace estop::cli {
namespace {

using testing::wait_until;

bool says(const Outcome& outcome, const std::string& words) {
  return outcome.text.find(words) != std::string::npos;
}

TEST(CliUp, CtrlCStopsEverythingAndLeavesNoProcess) {
  Embedded embedded;
  ASSERT_NO_FATAL_FAILURE(embedded.up());
  EXPECT_EQ(embedded.children().size(), 3U);
  embedded.process().signal(SIGINT);
  const auto end = embedded.process().wait(std::chrono::seconds(20));
  ASSERT_TRUE(end) << embedded.said();
  EXPECT_TRUE(end->ok()) << embedded.said();
  EXPECT_TRUE(embedded.children().empty());
  EXPECT_FALSE(read_run_file(embedded.data()));
}

TEST(CliUp, KilledWithoutMercyItLeavesNoProcessAndTheNextOneStarts) {
  Embedded embedded;
  ASSERT_NO_FATAL_FAILURE(embedded.up());
  embedded.process().kill_now();
  EXPECT_TRUE(wait_until([&] { return embedded.children().empty(); }));
  EXPECT_TRUE(read_run_file(embedded.data())) << "stale, as a crash leaves it";
  ASSERT_NO_FATAL_FAILURE(embedded.up());
  EXPECT_EQ(embedded.estop({"status"}).exit_code, 0);
}

// H62: the broker refuses whoever comes when it has no descriptor left, operators too.
TEST(CliUp, WhereTheBrokerMayOpenFewDescriptorsAgentsLeaveRoomForOperators) {
  Embedded embedded;
  ASSERT_NO_FATAL_FAILURE(embedded.up_within(2'000));
  EXPECT_NE(testing::read_text(embedded.data() + "/broker.conf").find("max_connections: 1488\n"),
            std::string::npos);
  const auto keys = control::open_keyring(embedded.data()).value();
  const auto accounts = control::open_accounts(embedded.data(), keys, 0).value();
  EXPECT_EQ(control::read_account_jwt(keys, control::Account::kAgents, accounts[0])->agents_max,
            1'395);
  EXPECT_NE(embedded.said().find("1395 of them of agents"), std::string::npos) << embedded.said();
  EXPECT_EQ(embedded.estop({"status"}).exit_code, 0);
}

TEST(CliUp, TheSecondOneIsToldWhoHoldsTheFolder) {
  Embedded embedded;
  ASSERT_NO_FATAL_FAILURE(embedded.up());
  const Outcome second = embedded.estop({"up", "--port", "0"});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_TRUE(says(second, "in use by another `estop up` (process " +
                               std::to_string(embedded.process().pid()) + ")"))
      << second.text;
}

TEST(CliUp, ATakenPortIsNamedWithTheWayOut) {
  Embedded first;
  ASSERT_NO_FATAL_FAILURE(first.up());
  const Embedded second;
  const Outcome refused = second.estop({"up", "--port", std::to_string(first.broker_port())});
  EXPECT_EQ(refused.exit_code, 5);
  EXPECT_TRUE(says(refused, "--port")) << refused.text;
}

TEST(CliUp, TwoSideBySideHaveTheirOwnPortsAndTheirOwnKills) {
  Embedded one;
  Embedded other;
  ASSERT_NO_FATAL_FAILURE(one.up());
  ASSERT_NO_FATAL_FAILURE(other.up());
  EXPECT_NE(one.run().url, other.run().url);
  EXPECT_NE(one.run().control_http, other.run().control_http);
  EXPECT_NE(one.run().bridge_http, other.run().bridge_http);
  EXPECT_EQ(one.estop({"kill", "acme/*", "--reason", "a drill"}).exit_code, 0);
  EXPECT_TRUE(says(one.estop({"ps"}), "acme/*"));
  EXPECT_FALSE(says(other.estop({"ps"}), "acme/*"));
}

TEST(CliUp, ABrokerThatDiesComesBackOnItsPort) {
  Embedded embedded;
  ASSERT_NO_FATAL_FAILURE(embedded.up());
  ::kill(embedded.child("nats-server"), SIGKILL);
  const auto answers = [&] { return embedded.estop({"status", "--timeout", "1s"}).exit_code == 0; };
  EXPECT_TRUE(wait_until(answers, std::chrono::seconds(30))) << embedded.said();
}

TEST(CliUp, AKillWhileControlHangsIsObeyedByTheBridgeAndTakenOverLater) {  // H25, H42
  Embedded embedded;
  ASSERT_NO_FATAL_FAILURE(embedded.up());
  const pid_t control = embedded.child("estop-control");
  ::kill(control, SIGSTOP);
  const Outcome kill =
      embedded.estop({"kill", "acme/prod/x", "--reason", "a drill", "--timeout", "500ms"});
  ::kill(control, SIGCONT);
  EXPECT_EQ(kill.exit_code, 6) << kill.text;
  EXPECT_TRUE(says(kill, "latched    bridge-1")) << kill.text;
  const auto listed = [&] { return says(embedded.estop({"ps"}), "a drill"); };
  EXPECT_TRUE(wait_until(listed)) << embedded.said();
}

TEST(CliUp, AChildThatDiesIsRestartedLoudly) {
  Embedded embedded;
  ASSERT_NO_FATAL_FAILURE(embedded.up());
  const pid_t bridge = embedded.child("estop-bridge");
  ASSERT_GT(bridge, 0);
  ::kill(bridge, SIGKILL);
  const auto is_back = [&] {
    const pid_t now = embedded.child("estop-bridge");
    return now > 0 && now != bridge;
  };
  ASSERT_TRUE(wait_until(is_back)) << embedded.said();
  EXPECT_NE(embedded.said().find("estop-bridge ENDED with signal 9"), std::string::npos);
}

TEST(CliUp, AHangUpWithoutATerminalOpensAllLogFilesAgain) {
  Embedded embedded;
  ASSERT_NO_FATAL_FAILURE(embedded.up_without_terminal());
  const auto children = embedded.children();
  const std::vector<std::string> names{"nats-server", "estop-control", "estop-bridge"};
  const auto log = [&](const std::string& name) { return embedded.data() + "/logs/" + name; };
  for (const auto& name : names) std::filesystem::rename(log(name + ".log"), log(name + ".old"));
  embedded.process().signal(SIGHUP);
  for (const auto& name : names) {
    EXPECT_TRUE(wait_until([&] { return !testing::read_text(log(name + ".log")).empty(); }))
        << name;
    EXPECT_FALSE(testing::read_text(log(name + ".old")).empty()) << name;
  }
  EXPECT_EQ(embedded.children(), children);
}

TEST(CliUp, NoStraySignalEndsIt) {
  Embedded embedded;
  ASSERT_NO_FATAL_FAILURE(embedded.up());
  for (const int number : {SIGUSR1, SIGUSR2, SIGALRM, SIGPIPE}) {
    embedded.process().signal(number);
    EXPECT_FALSE(embedded.process().wait(std::chrono::milliseconds(50))) << number;
  }
  EXPECT_EQ(embedded.estop({"status"}).exit_code, 0);
}

TEST(CliUp, ALogFileThatCannotBeMadeIsNamedAndItsProgramIsStartedWhenItCan) {
  Embedded embedded;
  ASSERT_NO_FATAL_FAILURE(embedded.up());
  const std::string logs = embedded.data() + "/logs";
  std::filesystem::rename(logs, logs + ".away");
  ::kill(embedded.child("estop-bridge"), SIGKILL);
  const std::string named = "its log file " + logs + "/estop-bridge.log: No such file or directory";
  EXPECT_TRUE(wait_until([&] { return embedded.said().find(named) != std::string::npos; }))
      << embedded.said();
  std::filesystem::rename(logs + ".away", logs);
  EXPECT_TRUE(wait_until([&] { return embedded.child("estop-bridge") != 0; })) << embedded.said();
  EXPECT_EQ(embedded.said().find(named), embedded.said().rfind(named)) << "told once";
}

TEST(CliUp, TheLogOfAFailedStartIsShownLineByLine) {
  const Embedded embedded;
  ASSERT_EQ(embedded.estop({"up", "--init-only"}).exit_code, 0);
  testing::write_text(embedded.data() + "/control/estop.db", std::string(10'000, 'x'));
  const Outcome refused = embedded.estop({"up", "--port", "0"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_TRUE(says(refused, "ends with:\n  estop-control: ")) << refused.text;
}

TEST(CliUp, InitOnlyMakesTheFilesAndStartsNothing) {
  const Embedded embedded;
  const Outcome made = embedded.estop({"up", "--init-only", "--agent", "acme/prod/mailer"});
  ASSERT_EQ(made.exit_code, 0) << made.text;
  EXPECT_TRUE(embedded.children().empty());
  for (const char* file : {"/broker.conf", "/keys/log.pub", "/creds/bridge-bridge-1-agents.creds",
                           "/creds/agent-acme.prod.mailer.creds"}) {
    EXPECT_TRUE(std::filesystem::exists(embedded.data() + file)) << file;
  }
}

TEST(CliUp, WithoutABrokerCommandsSayWhatToCheck) {
  const Embedded embedded;
  EXPECT_EQ(embedded.estop({"ps"}).exit_code, 3) << "no data folder yet";
  ASSERT_EQ(embedded.estop({"up", "--init-only"}).exit_code, 0);
  const Outcome alone = embedded.estop({"ps", "--url", "nats://127.0.0.1:1"});
  EXPECT_EQ(alone.exit_code, 5) << alone.text;
}

}  // namespace
}  // namespace estop::cli
