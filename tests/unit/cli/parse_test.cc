// SPDX-License-Identifier: Apache-2.0

// Command lines, taken apart: what is understood, and what is refused before anything is sent.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "control/auth/credentials.h"
#include "control/cli/invocation.h"

namespace estop::cli {
namespace {

using schemas::Scope;
using Words = std::vector<std::string>;

Parsed parsed(Words words, const Environment& environment = {}) {
  return parse(std::move(words), environment);
}
template <class T>
T expect(Words words) {
  Parsed result = parsed(std::move(words));
  EXPECT_TRUE(result.invocation) << result.text;
  return result.invocation ? std::get<T>(result.invocation->command) : T{};
}

TEST(CliParse, AKillTakesEveryKindOfScope) {
  const struct {
    Words words;
    Scope::Kind kind;
    const char* text;
  } kCases[] = {
      {{"acme/prod/mailer"}, Scope::Kind::kAgent, "acme/prod/mailer"},
      {{"acme/prod/mailer@k3j9x2ab"}, Scope::Kind::kInstance, "acme/prod/mailer@k3j9x2ab"},
      {{"acme/prod/*"}, Scope::Kind::kWorkspace, "acme/prod/*"},
      {{"acme/*"}, Scope::Kind::kOrg, "acme/*"},
      {{"*"}, Scope::Kind::kFleet, "*"},
      {{"--fleet"}, Scope::Kind::kFleet, "*"},
  };
  for (const auto& c : kCases) {
    Words words{"kill", "--reason", "drill"};
    words.insert(words.end(), c.words.begin(), c.words.end());
    const Kill kill = expect<Kill>(words);
    EXPECT_EQ(kill.scope.kind(), c.kind) << c.text;
    EXPECT_EQ(kill.scope.text(), c.text);
  }
}

TEST(CliParse, MisuseIsRefusedWithWhatToWriteInstead) {
  const struct {
    Words words;
    const char* says;
  } kCases[] = {
      {{}, "subcommand is required"},
      {{"explode"}, "subcommand is required"},
      {{"kill"}, "kill whom?"},
      {{"kill", "a/b/c"}, "--reason \"sends broken links\""},
      {{"kill", "a/b/c", "-r", ""}, "needs a reason"},
      {{"kill", "a/b/c", "-r", " \t"}, "needs a reason"},
      {{"kill", "a/b/c", "-r", std::string(1025, 'x')}, "longer than 1024"},
      {{"resume", "a/b/c"}, "--reason \"link is fixed\""},
      {{"kill", "a/b", "-r", "x"}, "a/b"},
      {{"kill", "A/b/c", "-r", "x"}, "A"},
      {{"kill", "a/b/c\n", "-r", "x"}, ""},
      {{"kill", "a/b/c", "--fleet", "-r", "x"}, "not both"},
      {{"kill", "a/b/c", "-r", "x", "--now", "--grace", "1s"}, "not both"},
      {{"kill", "a/b/c", "-r", "x", "--grace", "10"}, "no duration"},
      {{"kill", "a/b/c", "-r", "x", "--grace", "11m"}, "at most 10m"},
      {{"kill", "a/b/c", "-r", "x", "--wait", "fenced,gone"}, "'gone' is none of"},
      {{"kill", "a/b/c", "-r", "x", "--frce"}, "--frce"},
      {{"kill", "a/b/c", "-r", "x", "--wait", "fenced,revoked"}, "only with --revoke"},
      {{"kill", "a/b/c", "-r", "\x01\n"}, "needs a reason"},
      {{"kill", "a/b/c", "-r", "x", "--timeout", "1h"}, "--timeout: at most 10m"},
      {{"kill", "a/b/c", "-r", "x", "--op-id", "A b"}, "'A b' is no order's id"},
      {{"kill", "a/b/c", "-r", "x", "--op-id", std::string(41, 'a')}, "no order's id"},
      {{"resume", "a/b/c", "-r", "x", "--op-id", "a/b"}, "no order's id"},
      {{"approve", "A", "-r", "x"}, "no order's id"},
      {{"kill", "a/b/c", "--reason", "--now"}, "--reason=--now"},
      {{"kill", "a/b/c", "-r", "--now"}, "--reason=--now"},
      {{"kill", "a/b/c", "-r", "-o"}, "--reason=-o"},
      {{"kill", "a/b/c", "--reason", "--no such"}, "'--reason=--no such'"},
      {{"kill", "a/b/c", "-r", "x", "--op-id", "--now"}, "--op-id=--now"},
      {{"--data", "--fleet", "kill", "-r", "x"}, "--data=--fleet"},
      {{"auth", "revoke", "bob", "-r", "--as"}, "--reason=--as"},
      {{"resume", "a/b/c", "-r", "x", "--wait", "fenced"}, "'fenced' is none of"},
      {{"approve", "op-1"}, "--reason \"seen, agreed\""},
      {{"approve", "-r", "x"}, "op-id is required"},
      {{"up", "--second-operator", "kill"}, "kill not in"},
      {{"up", "--revoke-silent", "many"}, "--revoke-silent"},
      {{"up", "--revoke-silent", "65537"}, "--revoke-silent"},
      {{"get", "acme.prod.mailer"}, ""},
      {{"ps", "-o", "xml"}, "xml"},
      {{"ps", "--timeout", "0s"}, "at least 1ms"},
      {{"ps", "--as", "Alice"}, "no operator's name"},
      {{"up", "--port", "70000"}, "--port"},
      {{"up", "--bridge", "B 1"}, "--bridge"},
      {{"audit"}, "subcommand is required"},
      {{"audit", "list", "--limit", "0"}, "--limit"},
      {{"audit", "list", "--after", "-1"}, "--after"},
  };
  for (const auto& c : kCases) {
    const Parsed result = parsed(c.words);
    const std::string words = ::testing::PrintToString(c.words);
    EXPECT_FALSE(result.invocation) << words;
    EXPECT_EQ(result.status, ExitStatus::kUsage) << words;
    EXPECT_NE(result.text.find(c.says), std::string::npos) << words << " says " << result.text;
  }
}

TEST(CliParse, AKillHasAGraceUnlessItIsNow) {
  EXPECT_EQ(expect<Kill>({"kill", "a/b/c", "-r", "x"}).grace_ms, 10'000U);
  EXPECT_EQ(expect<Kill>({"kill", "a/b/c", "-r", "x", "--grace", "2m"}).grace_ms, 120'000U);
  EXPECT_TRUE(expect<Kill>({"kill", "a/b/c", "-r", "x", "--now"}).now);
}

TEST(CliParse, WorkThatWaitsCanOnlyBeRedeliveredYet) {
  expect<Resume>({"resume", "a/b/c", "-r", "x", "--yes", "--pending", "redeliver"});
  for (const char* later : {"hold", "discard", "dead-letter", "x"}) {
    const Parsed result = parsed({"resume", "a/b/c", "-r", "x", "--yes", "--pending", later});
    EXPECT_EQ(result.status, ExitStatus::kUsage) << later;
    EXPECT_NE(result.text.find("durable work"), std::string::npos) << result.text;
  }
}

TEST(CliParse, AReasonMayLookLikeAnOptionIfItIsSaid) {
  EXPECT_EQ(expect<Kill>({"kill", "*", "--reason=--now"}).reason, "--now");
  EXPECT_EQ(expect<Kill>({"kill", "*", "-r", "-x is broken"}).reason, "-x is broken");
  EXPECT_FALSE(expect<Kill>({"kill", "*", "--reason=--now"}).now);
}

// A terminal of other letters must not hold back a stop.
TEST(CliParse, AReasonIsUtf8WhateverWasTyped) {
  EXPECT_EQ(expect<Kill>({"kill", "*", "-r", "r\xe9sum\xe9"}).reason, "r\ufffdsum\ufffd");
  EXPECT_EQ(expect<AuthRevoke>({"auth", "revoke", "bob", "-r", "\xe9"}).reason, "\ufffd");
  const std::string long_one = expect<Kill>({"kill", "*", "-r", std::string(1024, '\xe9')}).reason;
  EXPECT_LE(long_one.size(), schemas::kReasonMax_bytes);
  EXPECT_EQ(long_one.size() % 3, 0U) << "cut between letters";
}

TEST(CliParse, StagesToWaitForAreAList) {
  const Words kStages{"fenced", "durable"};
  EXPECT_EQ(expect<Kill>({"kill", "*", "-r", "x", "--wait", "fenced,durable"}).wait, kStages);
  EXPECT_TRUE(expect<Kill>({"kill", "*", "-r", "x"}).wait.empty());
}

TEST(CliParse, CommonOptionsMayStandOnEitherSide) {
  for (const Words& words :
       {Words{"--data", "d", "-o", "json", "--timeout", "2s", "ps", "acme/*"},
        Words{"ps", "acme/*", "--timeout", "2s", "-o", "json", "--data", "d"}}) {
    const Parsed result = parsed(words);
    ASSERT_TRUE(result.invocation) << result.text;
    EXPECT_EQ(result.invocation->common.data, "d");
    EXPECT_EQ(result.invocation->common.format, Format::kJson);
    EXPECT_EQ(result.invocation->common.timeout_ms, 2'000U);
    EXPECT_EQ(std::get<Ps>(result.invocation->command).filter->text(), "acme/*");
  }
}

TEST(CliParse, TheEnvironmentIsADefaultAndNoMore) {
  const Environment environment{"/data", "alice", "./run estop"};
  const Common common = parsed({"status"}, environment).invocation->common;
  EXPECT_EQ(common.data, "/data");
  EXPECT_EQ(common.operator_name, "alice");
  const Parsed typed = parsed({"status", "--data", "x", "--as", "bob"}, environment);
  EXPECT_EQ(typed.invocation->common.data, "x");
  EXPECT_EQ(typed.invocation->common.operator_name, "bob");
  EXPECT_EQ(common.named_by, NamedBy::kUser);
  EXPECT_EQ(typed.invocation->common.named_by, NamedBy::kOption);
  const Common odd = parsed({"status"}, {"", "Alice B", ""}).invocation->common;
  EXPECT_EQ(odd.operator_name, "operator");
  EXPECT_EQ(odd.named_by, NamedBy::kNobody) << "it will be said in whose name it acts";
}

TEST(CliParse, HelpIsNoFailure) {
  for (const Words& words : {Words{"--help"}, Words{"kill", "--help"}, Words{"audit", "-h"}}) {
    const Parsed result = parsed(words);
    EXPECT_FALSE(result.invocation);
    EXPECT_EQ(result.status, ExitStatus::kOk);
    EXPECT_NE(result.text.find("Usage"), std::string::npos);
  }
  EXPECT_NE(parsed({"--help"}).text.find("6 sent, not confirmed"), std::string::npos);
}

TEST(CliParse, AuditAndUpHaveTheirForms) {
  EXPECT_EQ(expect<AuditList>({"audit", "list", "--limit", "5", "--kind", "kill"}).limit, 5U);
  EXPECT_EQ(expect<AuditExport>({"audit", "export", "--after", "7"}).after, 7U);
  expect<AuditVerify>({"audit", "verify"});
  const Up up = expect<Up>({"up", "--port", "0", "--agent", "a/b/c", "--agent", "a/b/d"});
  EXPECT_EQ(up.port, 0);
  EXPECT_EQ(up.agents.size(), 2U);
}

TEST(CliParse, AuthNamesWhoAndAs) {
  const auto role = [](Words words) { return expect<AuthIssue>(std::move(words)).role; };
  EXPECT_EQ(person(role({"auth", "agent", "a/b/c"})), "a/b/c");
  EXPECT_EQ(kind(role({"auth", "operator", "bob"})), "operator");
  EXPECT_EQ(kind(role({"auth", "operator", "bob", "--role", "admin"})), "admin");
  EXPECT_EQ(kind(role({"auth", "operator", "bob", "--role", "viewer"})), "viewer");
  EXPECT_EQ(kind(role({"auth", "bridge", "b1"})), "bridge");
  EXPECT_EQ(kind(role({"auth", "control"})), "control");
  EXPECT_EQ(expect<AuthIssue>({"auth", "agent", "a/b/c", "--out", "x"}).out, "x");
  EXPECT_TRUE(expect<Up>({"auth", "init"}).init_only);
  expect<AuthList>({"auth", "ls"});
  EXPECT_EQ(expect<AuthRotate>({"auth", "rotate", "control"}).who, "control");
  EXPECT_EQ(expect<AuthRevoke>({"auth", "revoke", "a/b/c", "-r", "lost"}).reason, "lost");
}

TEST(CliParse, AuthSaysWhatIsWrong) {
  const struct {
    Words words;
    const char* says;
  } kCases[] = {
      {{"auth", "agent", "a/b"}, "a/b"},
      {{"auth", "operator", "Bob"}, "'Bob' is no name"},
      {{"auth", "operator", "bob", "--role", "king"}, "--role"},
      {{"auth", "bridge", "control"}, "not control"},
      {{"auth", "revoke", "bob"}, "needs a reason"},
      {{"auth", "rotate"}, "who"},
  };
  for (const auto& c : kCases) {
    const Parsed result = parsed(c.words);
    EXPECT_EQ(result.status, ExitStatus::kUsage);
    EXPECT_NE(result.text.find(c.says), std::string::npos) << result.text;
  }
}

}  // namespace
}  // namespace estop::cli
