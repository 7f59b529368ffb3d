// SPDX-License-Identifier: Apache-2.0

// What an exit code promises: 2 says that nothing was done, 0 that the answer was read.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/integration/cli/embedded.h"
#include "tests/support/wait_until.h"

namespace estop::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::read_text;
using testing::wait_until;
using Words = std::vector<std::string>;

class CliUsage : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(estop_.up());
    ASSERT_EQ(estop_.estop({"auth", "operator", "alice"}).exit_code, 0);
    ASSERT_EQ(estop_.estop({"kill", "acme/prod/held", "--reason", "x"}).exit_code, 0);
  }

  // Log head, kills, what waits, the audit, what the bridge holds, and every file but logs and
  // those of broker and database, whose content is the former.
  std::string state() {
    std::string all;
    const auto status = json::parse(answer({"status", "-o", "json"}), nullptr, false);
    EXPECT_TRUE(status.is_array() && status.size() == 1) << status.dump();
    for (const char* key : {"log", "kills", "proposals"}) {
      all += status[0].value(key, json()).dump() + '\n';
    }
    all += answer({"audit", "export"});
    const std::string metrics = page(estop_.run().bridge_http, "/metrics");
    const auto kills = metrics.find("\nestop_bridge_kills ");
    all += metrics.substr(kills, metrics.find('\n', kills + 1) - kills) + '\n';
    for (const auto& entry : fs::recursive_directory_iterator(estop_.data())) {
      const std::string path = entry.path().string().substr(estop_.data().size());
      const bool is_left_out =
          path.starts_with("/logs") || path.starts_with("/nats") || path.starts_with("/control/");
      if (is_left_out || !entry.is_regular_file()) continue;
      all += path + ' ' + read_text(entry.path().string()) + '\n';
    }
    return all;
  }

  std::string answer(const Words& words) {
    const Outcome outcome = estop_.estop(words);
    EXPECT_EQ(outcome.exit_code, 0) << ::testing::PrintToString(words) << outcome.text;
    return outcome.out;
  }

  Embedded estop_;
};

// A command as it is right, and what makes it wrong.
struct Verb {
  Words right;
  std::vector<Words> wrong;  // added behind; each is a misuse
};

std::vector<Verb> verbs() {
  const std::vector<Words> of_orders{{"--op-id", "A b"},   {"--op-id", std::string(41, 'a')},
                                     {"--op-id", "--now"}, {"--reason", "--yes"},
                                     {"--reason", ""},     {"--reason", " \t"},
                                     {"--reason", "\x01"}, {"--reason", std::string(2'000, 'x')},
                                     {"--wait", "gone"}};
  std::vector<Words> of_kills = of_orders;
  of_kills.insert(of_kills.end(), {{"--grace", "11m"},
                                   {"--grace", "x"},
                                   {"--now", "--grace", "1s"},
                                   {"--fleet"},
                                   {"--wait", "revoked"}});
  std::vector<Words> of_resumes = of_orders;
  of_resumes.insert(of_resumes.end(),
                    {{"--pending", "x"}, {"--pending", "hold"}, {"--fleet"}, {"--wait", "fenced"}});
  return {
      {{"kill", "acme/prod/x", "--reason", "x"}, of_kills},
      {{"kill", "acme", "--reason", "x"}, {{}}},
      {{"kill", "acme/prod/x"}, {{}}},
      {{"resume", "acme/prod/held", "--reason", "x", "--yes"}, of_resumes},
      {{"resume", "acme/prod/held", "--reason", "x"}, {{}}},
      {{"approve", "o1", "--reason", "x", "--yes"}, {{"--reason", ""}, {"--reason", "--as"}}},
      {{"approve", "o1", "--reason", "x"}, {{}}},
      {{"ps"}, {{"acme"}, {"a/b/c", "d"}}},
      {{"get", "acme/prod/held"}, {{"x"}, {"--limit", "1"}}},
      {{"status"}, {{"acme"}}},
      {{"audit", "list"}, {{"--limit", "0"}, {"--limit", "x"}, {"--after", "-1"}, {"--kind"}}},
      {{"audit", "verify"}, {{"--limit", "1"}}},
      {{"audit", "cut", "/none", "--reason", "x", "--yes"},
       {{"--through", "0"}, {"--reason", ""}, {"--kept-at", std::string(513, 'x')}, {"more"}}},
      {{"audit", "cut", "/none", "--reason", "x"}, {{}}},
      {{"auth", "agent", "acme/prod/new"}, {{"--role", "admin"}, {"--out"}}},
      {{"auth", "agent", "acme"}, {{}}},
      {{"auth", "operator", "carol"}, {{"--role", "king"}, {"x"}}},
      {{"auth", "operator", "bridge-1"}, {{}}},
      {{"auth", "revoke", "alice", "--reason", "x"}, {{"--reason", ""}, {"--reason", "--data"}}},
      {{"auth", "revoke", "alice"}, {{}}},
      {{"auth", "rotate", "alice"}, {{"bob"}, {"--kind", "x"}}},
      {{"up", "--port", "0"}, {{"--port", "x"}, {"--agent", "acme"}, {"--bridge", "B"}}},
  };
}

TEST_F(CliUsage, Exit2MeansThatNothingChanged) {
  const std::vector<Words> everywhere{
      {"--timeout", "1h"}, {"--timeout", "0s"}, {"--timeout", "10"},  {"--timeout"},
      {"-o", "xml"},       {"--frobnicate"},    {"--as", "Bad Name"}, {"--as", "--now"},
      {"--data"},          {"--url", "--creds"}};
  const auto seed = std::random_device{}();
  std::mt19937 random(seed);
  const auto pick = [&](const auto& list) -> const auto& {
    return list[std::uniform_int_distribution<std::size_t>(0, list.size() - 1)(random)];
  };
  const std::vector<Verb> all = verbs();
  std::string before = state();
  constexpr std::size_t kRounds = 120;
  for (std::size_t round = 0; round < kRounds; ++round) {
    const Verb& verb = all[round % all.size()];
    const bool is_right_by_itself = !verb.wrong.front().empty();
    Words words = verb.right;
    const Words& added =
        is_right_by_itself && random() % 3 == 0 ? pick(everywhere) : pick(verb.wrong);
    words.insert(words.end(), added.begin(), added.end());
    const Outcome outcome = estop_.estop(words);
    const std::string after = state();
    const std::string told = ::testing::PrintToString(words) + ", seed " + std::to_string(seed);
    EXPECT_EQ(outcome.exit_code, 2) << told << outcome.text;
    if (outcome.exit_code == 2) {
      EXPECT_EQ(after, before) << told << outcome.text;
    }
    before = after;
  }
}

// What is refused later than by the command line's own check must not say 2 either, or be harmless.
TEST_F(CliUsage, NorDoesAnOptionThatOnlyTheCommandItselfCanJudge) {
  const std::string alice = estop_.data() + "/creds/operator-alice.creds";
  for (const Words& added : std::vector<Words>{{"--url", "ws://127.0.0.1:1"},
                                               {"--url", "nats://"},
                                               {"--url", ","},
                                               {"--creds", alice, "--as", "bob"},
                                               {"--tls-ca", "/nowhere/ca.pem"}}) {
    for (Words words : std::vector<Words>{{"kill", "acme/prod/y", "--reason", "x"},
                                          {"resume", "acme/prod/held", "--reason", "x", "--yes"},
                                          {"ps"}}) {
      words.insert(words.end(), added.begin(), added.end());
      const std::string before = state();
      const Outcome outcome = estop_.estop(words);
      EXPECT_EQ(outcome.exit_code, 2) << ::testing::PrintToString(words) << outcome.text;
      EXPECT_EQ(state(), before) << ::testing::PrintToString(words);
    }
  }
}

TEST_F(CliUsage, ANameThatNobodyHasMakesNobody) {
  const std::string before = state();
  const Outcome outcome = estop_.estop({"--as", "alcie", "kill", "acme/prod/y", "--reason", "x"});
  EXPECT_EQ(outcome.exit_code, 3) << outcome.text;
  EXPECT_TRUE(outcome.says("`estop auth operator alcie`")) << outcome.text;
  EXPECT_EQ(state(), before);
}

// Of two operators none is guessed; of one it is said.
TEST_F(CliUsage, WhoActsInAnotherNameIsToldSo) {
  estop_.acts_as("Al.Ice");
  const Outcome kill = estop_.estop({"kill", "acme/prod/y", "--reason", "x"});
  EXPECT_EQ(kill.exit_code, 0) << kill.text;
  EXPECT_TRUE(kill.says("acting as operator operator, because $USER 'Al.Ice'")) << kill.text;
  estop_.acts_as("carol");
  const Outcome unclear = estop_.estop({"kill", "acme/prod/y", "--reason", "x"});
  EXPECT_EQ(unclear.exit_code, 2) << unclear.text;
  EXPECT_TRUE(unclear.says("one of alice, operator")) << unclear.text;
}

TEST_F(CliUsage, AReasonOfOtherLettersStopsAllTheSame) {
  const Outcome kill =
      estop_.estop({"kill", "acme/prod/y", "--reason", "r\xe9sum\xe9 \xe2\x80\xae"});
  EXPECT_EQ(kill.exit_code, 0) << kill.text;
  EXPECT_TRUE(estop_.estop({"ps"}).says("r\xef\xbf\xbdsum\xef\xbf\xbd"));
  EXPECT_FALSE(estop_.estop({"audit", "list"}).says("\xe2\x80\xae"));
  EXPECT_FALSE(estop_.estop({"audit", "export"}).says("\xe2\x80\xae"));
  EXPECT_EQ(estop_.estop({"audit", "list", "--kind", "\xe9"}).exit_code, 0);
}

TEST_F(CliUsage, WithoutATerminalNothingIsOpenedUnlessItIsSaid) {
  const std::string before = state();
  const Outcome resume = estop_.estop({"resume", "acme/prod/held", "--reason", "x"});
  EXPECT_EQ(resume.exit_code, 2) << resume.text;
  EXPECT_TRUE(resume.says("--yes")) << resume.text;
  EXPECT_EQ(state(), before);
  EXPECT_EQ(estop_.estop({"resume", "acme/prod/held", "--reason", "x", "--yes"}).exit_code, 0);
}

TEST_F(CliUsage, AnAnswerThatNobodyGotIsAFailure) {
  for (const std::string to : {" >/dev/full", " >&-"}) {
    for (const char* words :
         {"kill acme/prod/z --reason x", "resume acme/prod/z --reason x --yes", "ps", "ps -o json",
          "status", "get acme/prod/held", "audit list", "audit verify", "audit export", "auth ls",
          "auth agent acme/prod/z", "version", "--help", "kill --help"}) {
      const Outcome outcome = estop_.script(std::string("\"$@\" ") + words + to);
      EXPECT_EQ(outcome.exit_code, 1) << words << to << outcome.text;
      EXPECT_TRUE(outcome.says("standard output did not take")) << words << to << outcome.text;
    }
  }
  const Outcome kill = estop_.script("\"$@\" kill acme/prod/q --reason x >/dev/full");
  EXPECT_TRUE(kill.says("the order itself is confirmed in full")) << kill.text;
  EXPECT_TRUE(estop_.estop({"ps"}).says("acme/prod/q"));
}

// `estop up | head`: who stops reading does not stop what runs.
TEST(CliUpPiped, AReaderThatLeavesEndsNothing) {
  Embedded estop;
  const std::string pipe = estop.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  daemon::ChildProcess up = estop.begin({"up", "--port", "0"}, pipe);
  const auto is_up = [&] { return !up.running() || read_run_file(estop.data()).has_value(); };
  ASSERT_TRUE(wait_until(is_up, std::chrono::seconds(30)));
  ::close(reader);
  const pid_t bridge = estop.child("estop-bridge");
  ASSERT_GT(bridge, 0);
  ::kill(bridge, SIGKILL);
  EXPECT_TRUE(wait_until([&] {
    const pid_t now = estop.child("estop-bridge");
    return !up.running() || (now > 0 && now != bridge);
  }));
  EXPECT_TRUE(up.running());
  EXPECT_EQ(estop.estop({"status"}).exit_code, 0);
  up.signal(SIGINT);
  const auto end = up.wait(std::chrono::seconds(20));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, 0);
}

}  // namespace
}  // namespace estop::cli
