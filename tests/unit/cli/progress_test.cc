// SPDX-License-Identifier: Apache-2.0

// The lines and the exit code of an order, from control's answers.
#include "control/cli/progress.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace estop::cli {
namespace {

using schemas::Errc;

struct Told {
  std::string text;
  ExitStatus status;
};

Told told(const std::vector<std::string>& answers) {
  Progress progress;
  std::string text;
  for (const std::string& answer : answers) {
    for (const std::string& line : progress.take(answer)) text += line + "\n";
  }
  return {text, progress.status()};
}

const std::string kAccepted = R"({"stage":"accepted","op_id":"cli-1","seq":17})";
const std::string kFenced = R"({"stage":"fenced","n":1,"of":1,"us":610,"forwarded_before":142})";
const std::string kDone = R"({"stage":"done","done":true,"ok":true})";
const std::string kNotDone = R"({"stage":"done","done":true,"ok":false,"unreached":["stopped"]})";

TEST(CliProgress, AKillThatReachesEverythingIsOk) {
  const Told kill = told({kAccepted, kFenced, R"({"stage":"committed","seq":17})",
                          R"({"stage":"durable","audit":12})",
                          R"({"stage":"stopped","n":3,"of":3,"missing":[]})", kDone});
  EXPECT_EQ(kill.status, ExitStatus::kOk);
  EXPECT_EQ(kill.text,
            "accepted   record 17   order cli-1\n"
            "fenced     1/1 bridge   0.61 ms   142 intents passed before\n"
            "committed  record 17 is in the control log\n"
            "durable    audit entry 12\n"
            "stopped    3/3 instances\n");
}

TEST(CliProgress, WhoHasNotConfirmedIsNamedAndTheExitCodeSaysSo) {
  const Told kill =
      told({kAccepted, kFenced,
            R"({"stage":"stopped","n":2,"of":3,"missing":["acme/prod/x@k3j9x2ab"]})", kNotDone});
  EXPECT_EQ(kill.status, ExitStatus::kUnconfirmed);
  EXPECT_NE(kill.text.find("stopped    2/3 instances   not confirmed: acme/prod/x@k3j9x2ab\n"),
            std::string::npos);
  EXPECT_NE(kill.text.find("NOT CONFIRMED: not reached in time: stopped\n"), std::string::npos);
}

TEST(CliProgress, ABridgeThatOutlivedItsLeaseIsNamed) {
  const Told kill = told(
      {R"({"stage":"fenced","n":1,"of":1,"us":5000000,"outlived":["b2"],"forwarded_before":1})"});
  EXPECT_NE(kill.text.find("lease ran out: b2"), std::string::npos);
}

TEST(CliProgress, AWarningIsALineOfItsOwn) {
  const Told kill =
      told({R"({"stage":"accepted","op_id":"o","seq":1,"warning":"nobody of that name"})"});
  EXPECT_EQ(kill.text, "accepted   record 1   order o\nwarning: nobody of that name\n");
}

TEST(CliProgress, ErrorsHaveTheirExitCode) {
  const struct {
    const char* answer;
    ExitStatus status;
  } kCases[] = {
      // 2 is the command line's own judgement: this has left already.
      {R"({"error":{"code":4001,"detail":"no"},"done":true})", ExitStatus::kFailure},
      {R"({"error":{"code":4093,"detail":"not killed"},"done":true})", ExitStatus::kNotFound},
      {R"({"error":{"code":4032,"detail":"no right"},"done":true})", ExitStatus::kDenied},
      {R"({"error":{"code":5031,"detail":"disk full"},"done":true})", ExitStatus::kFailure},
      {R"({"error":{"code":"x"},"done":true})", ExitStatus::kFailure},
      {"no json", ExitStatus::kFailure},
      {"[]", ExitStatus::kFailure},
  };
  for (const auto& c : kCases) {
    const Told order = told({c.answer});
    EXPECT_EQ(order.status, c.status) << c.answer;
    EXPECT_TRUE(order.text.starts_with("estop: ")) << order.text;
  }
}

TEST(CliProgress, AfterTheAcceptanceNothingIsAPlainFailure) {
  EXPECT_EQ(told({kAccepted, "garbage"}).status, ExitStatus::kUnconfirmed);
  Progress progress;
  progress.take(kAccepted);
  progress.take(schemas::Error{Errc::kNoContact, "the broker is gone"});
  EXPECT_EQ(progress.status(), ExitStatus::kUnconfirmed);
}

TEST(CliProgress, NoAnswerAtAllIsNotConfirmedAndNobodyListeningIsNoContact) {
  Progress silent;
  silent.take(schemas::Error{Errc::kTimeout, "no answer"});
  EXPECT_EQ(silent.status(), ExitStatus::kUnconfirmed);
  Progress nobody;
  nobody.take(schemas::Error{Errc::kNoContact, "no responders"});
  EXPECT_EQ(nobody.status(), ExitStatus::kNoContact);
}

// Exit 2 says that nothing was done: not so when the signed order is out.
TEST(CliProgress, ALateRefusalOfAnOrderThatIsOutIsNotConfirmed) {
  for (const int code : {4001, 4003, 4032, 4040, 5031}) {
    Progress progress;
    progress.order_is_out();
    const auto lines = progress.take(R"({"error":{"code":)" + std::to_string(code) +
                                     R"(,"detail":"no"},"done":true})");
    EXPECT_EQ(progress.status(), ExitStatus::kUnconfirmed) << code;
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_TRUE(lines[0].starts_with("NOT CONFIRMED: control refused")) << lines[0];
    EXPECT_NE(lines[1].find("estop resume"), std::string::npos) << lines[1];
  }
  Progress lost;
  lost.order_is_out();
  lost.take(schemas::Error{Errc::kNoContact, "the broker is gone"});
  EXPECT_EQ(lost.status(), ExitStatus::kUnconfirmed);
  Progress refused;
  refused.order_is_out();
  refused.take(schemas::Error{Errc::kNotPermitted, "the broker refused the publish"});
  EXPECT_EQ(refused.status(), ExitStatus::kDenied) << "it reached nobody";
}

TEST(CliProgress, NothingIsOkBeforeControlSaysSo) {
  EXPECT_EQ(told({}).status, ExitStatus::kUnconfirmed);
  EXPECT_EQ(told({kAccepted, kFenced}).status, ExitStatus::kUnconfirmed);
}

TEST(CliProgress, NamesFromElsewhereCannotMoveTheCursor) {
  const Told kill = told({R"({"stage":"stopped","n":0,"of":1,"missing":["\u001b[2Kx"]})"});
  EXPECT_EQ(kill.text, "stopped    0/1 instance   not confirmed: ?[2Kx\n");
}

}  // namespace
}  // namespace estop::cli
