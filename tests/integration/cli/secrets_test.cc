// SPDX-License-Identifier: Apache-2.0

// H49: no secret in what Estop says: logs, pages, command lines, the broker's monitor, answers.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include "tests/integration/cli/embedded.h"
#include "tests/support/wait_until.h"

namespace estop::cli {
namespace {

namespace fs = std::filesystem;

std::string read_all(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The seed of an nkey, as users' credentials and Estop's own keys hold it.
const std::string kSeed = "S[OAUNCX][A-Z2-7]{56}";
// A JWT is no secret, but nobody needs to show one: only the audit does, which keeps what operators
// signed with all that proves it.
const std::string kJwt = "eyJ0eXAi[A-Za-z0-9_.-]{40}";

void expect_none_of(const std::string& pattern, const std::string& where, const std::string& text) {
  std::smatch found;
  EXPECT_FALSE(std::regex_search(text, found, std::regex(pattern)))
      << where << " shows " << found.str().substr(0, 12) << "...";
}
void expect_no_secret(const std::string& where, const std::string& text) {
  expect_none_of(kSeed + "|" + kJwt, where, text);
}

TEST(CliSecrets, H49NothingThatEstopSaysHoldsOne) {
  Embedded embedded;
  ASSERT_NO_FATAL_FAILURE(embedded.up());
  std::string answers;
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"auth", "agent", "acme/prod/mailer"},
           {"auth", "operator", "carol", "--role", "viewer"},
           {"auth", "ls"},
           {"kill", "acme/prod/mailer", "--reason", "a drill", "--revoke"},
           {"get", "acme/prod/mailer"},
           {"status", "-o", "json"},
           {"resume", "acme/prod/mailer", "--reason", "over", "--yes"},
           {"auth", "rotate", "agent", "acme/prod/mailer"},
           {"auth", "rotate", "acme/prod/mailer"},
           {"ps", "--creds", embedded.data() + "/keys/log.seed"}}) {
    answers += embedded.estop(words).text;
  }
  EXPECT_FALSE(answers.empty());
  expect_no_secret("a command", answers);
  expect_none_of(kSeed, "the audit", embedded.estop({"audit", "export"}).text);
  expect_no_secret("estop up", embedded.said());
  std::size_t logs = 0;
  for (const auto& entry : fs::recursive_directory_iterator(embedded.data())) {
    if (!entry.is_regular_file() || entry.path().extension() != ".log") continue;
    ++logs;
    expect_no_secret(entry.path().filename().string(), read_all(entry.path()));
  }
  EXPECT_GE(logs, 2U);
  for (const std::string& part : {embedded.run().control_http, embedded.run().bridge_http}) {
    const std::string metrics = page(part, "/metrics");
    EXPECT_NE(metrics.find("estop_"), std::string::npos) << metrics;
    expect_no_secret("the metrics", metrics);
  }
  for (const pid_t child : embedded.children()) {
    const fs::path process = fs::path("/proc") / std::to_string(child);
    expect_no_secret("the command line of " + std::to_string(child), read_all(process / "cmdline"));
    expect_no_secret("the environment of " + std::to_string(child), read_all(process / "environ"));
  }
}

// A broker's url may hold a password. The daemons log the url, when they start and when it fails.
TEST(CliSecrets, H49ThePasswordOfAUrlIsInNoLog) {
  Embedded embedded;
  ASSERT_EQ(embedded.estop({"up", "--init-only"}).exit_code, 0);
  const std::string url = "nats://u:s3cret@127.0.0.1:1,u:s3cret@127.0.0.1:2";
  const std::string creds = embedded.data() + "/creds/bridge-bridge-1-";
  const auto path = [](const std::string& name) {
    return find_program(name, "", ESTOP_PROGRAM, "").value();
  };
  const std::vector<std::vector<std::string>> commands{
      {path("estop-control"), "--data", embedded.data()},
      {path("estop-bridge"), "--id", "bridge-1", "--agents-creds", creds + "agents.creds",
       "--control-creds", creds + "control.creds", "--control-key",
       embedded.data() + "/keys/log.pub"}};
  for (std::vector<std::string> command : commands) {
    command.insert(command.end(), {"--url", url, "--listen", "127.0.0.1:0"});
    daemon::SpawnOptions options;
    options.command = command;
    options.log_file = embedded.file("daemon.log");
    auto daemon = daemon::ChildProcess::spawn(options);
    ASSERT_TRUE(daemon) << daemon.error();
    const auto log = [&] { return read_all(options.log_file); };
    EXPECT_TRUE(testing::wait_until([&] {
      return log().find("\"started\"") != std::string::npos &&
             log().find("no broker at") != std::string::npos;
    })) << log();
    EXPECT_EQ(log().find("s3cret"), std::string::npos) << log();
    daemon->kill_now();
    fs::remove(options.log_file);
  }
}

}  // namespace
}  // namespace estop::cli
