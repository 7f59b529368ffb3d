// SPDX-License-Identifier: Apache-2.0

// Orders as operators see them: kills, resumes, repetitions, questions.
#include <gtest/gtest.h>

#include <algorithm>

#include "control/json/commands.h"
#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

using schemas::RecordKind;

bool warns(const Json& answer, const std::string& of) {
  return answer.value("warning", "").find(of) != std::string::npos;
}

TEST(Kill, IsPublishedAndFlushedBeforeAnythingElse) {
  World world;
  world.performed.clear();
  world.kill("acme/prod/x", "k1");
  ASSERT_GE(world.performed.size(), 3U);
  EXPECT_EQ(world.performed[0], "log");
  EXPECT_EQ(world.performed[1], "agents");
  EXPECT_EQ(world.performed[2], "flush");
}

TEST(Kill, GoesThroughItsStages) {
  World world;
  world.open("b1");
  world.hello("acme/prod/x", "aaaaaaa1");
  const auto inbox = world.kill("acme/prod/x", "k1");
  EXPECT_EQ(world.answers(inbox).front()["stage"], "accepted");
  world.receipt("b1", "k1");
  EXPECT_FALSE(world.is_done(inbox));
  world.stopped("acme/prod/x", "aaaaaaa1", "k1");
  EXPECT_TRUE(world.stage(inbox, "done")["ok"]);
  EXPECT_GT(world.stage(inbox, "durable")["audit"], 0);
}

TEST(Kill, OfANameThatNeverAnnouncedItselfIsLatchedWithAWarning) {
  World world;
  const auto inbox = world.kill("acme/prod/ghost", "k1");
  EXPECT_TRUE(warns(world.stage(inbox, "accepted"), "nobody of that name"));
  EXPECT_EQ(world.hello("acme/prod/ghost", "aaaaaaa1").latches.size(), 1U);
}

TEST(Kill, ASecondOneOfTheScopeIsALatchOfItsOwn) {
  World world;
  world.kill("acme/prod/x", "k1");
  const auto inbox = world.kill("acme/prod/x", "k2");
  EXPECT_TRUE(warns(world.stage(inbox, "accepted"), "killed by alice since 2023-11-14T22:13:20Z"));
  world.resume("acme/prod/x", "r1", {{"lifts", {"k1"}}});
  EXPECT_EQ(world.hello("acme/prod/x", "aaaaaaa1").latches.size(), 1U);
}

// H28: the same order twice is one order, also for the second asker.
TEST(Kill, AskedAgainIsOneRecordAndAnswersWithTheStateOfTheFirst) {
  World world;
  world.open("b1");
  world.kill("acme/prod/x", "k1");
  world.receipt("b1", "k1");
  const auto again = world.kill("acme/prod/x", "k1");
  EXPECT_EQ(world.count_committed("k1"), 1U);
  EXPECT_EQ(world.stage(again, "fenced")["n"], 1);
  EXPECT_TRUE(world.stage(again, "done")["ok"]);
}

TEST(Kill, AskedAgainAfterARestartOfControlGoesOn) {
  World world;
  world.open("b1");
  world.kill("acme/prod/x", "k1");
  world.restart();
  world.beat("b1", schemas::BridgeState::kOpen);
  const auto again = world.kill("acme/prod/x", "k1");
  EXPECT_EQ(world.count_committed("k1"), 1U);
  EXPECT_FALSE(world.is_done(again));
  world.receipt("b1", "k1");
  EXPECT_TRUE(world.stage(again, "done")["ok"]);
}

TEST(Kill, AskedAgainWithAnotherScopeIsAnotherKill) {
  World world;
  world.kill("acme/prod/x", "k1");
  EXPECT_EQ(world.error(world.kill("acme/*", "k1")), "");
  EXPECT_EQ(world.core->ledger().latches().all().size(), 2U);
}

TEST(Kill, WithoutAReplyInboxActsAllTheSame) {
  World world;
  world.send(command_of("alice", "kill", R"({"scope":"acme/*","reason":"r"})", "k1", {}));
  EXPECT_NE(world.committed("k1"), nullptr);
}

TEST(Resume, OpensBridgesFirstAndThenTellsTheRuntimes) {
  World world;
  world.open("b1");
  world.kill("acme/prod/x", "k1");
  world.receipt("b1", "k1");
  const auto told = world.to_agents.size();
  const auto inbox = world.resume("acme/prod/x", "r1");
  EXPECT_EQ(world.leases.back().head, world.core->ledger().head());
  EXPECT_EQ(world.to_agents.size(), told);
  world.receipt("b1", "r1", RecordKind::kResume);
  EXPECT_EQ(world.to_agents.size(), told + 1);
  EXPECT_TRUE(world.stage(inbox, "done")["ok"]);
  EXPECT_GT(world.hello("acme/prod/x", "aaaaaaa1").incarnation, 0U);
}

TEST(Resume, ABeatThatShowsItAppliedReplacesALostReceipt) {
  World world;
  world.open("b1");
  world.kill("acme/prod/x", "k1");
  const auto inbox = world.resume("acme/prod/x", "r1");
  world.beat("b1", schemas::BridgeState::kOpen);
  world.pass(200);
  EXPECT_EQ(world.stage(inbox, "opened")["n"], 1);
}

TEST(Resume, NamesEveryKillOfExactlyItsScope) {  // I3
  World world;
  world.kill("acme/prod/x", "k1");
  world.kill("acme/prod/x", "k2");
  world.kill("acme/prod/x@aaaaaaa1", "k3");
  world.resume("acme/prod/x", "r1");
  EXPECT_EQ(world.committed("r1")->resume().lifts, (std::vector<std::string>{"k1", "k2"}));
  EXPECT_EQ(world.core->ledger().latches().all().size(), 1U);
}

struct BadResume {
  const char* scope;
  const char* error;
  const char* says;
};
constexpr BadResume kBadResumes[] = {
    {"acme/prod/ghost", "not-killed", "acme/prod/* killed by alice"},
    {"acme/*", "not-killed", "is not killed"},
    {"other/prod/x", "not-found", "nobody of the name"},
    {"acme/prod/*@x", "bad-scope", ""},
};

TEST(Resume, OfWhatIsNotKilledSaysWhatIs) {  // H50
  World world;
  world.hello("acme/prod/y", "aaaaaaa1");
  world.kill("acme/prod/*", "k1");
  for (const BadResume& row : kBadResumes) {
    const auto inbox = world.resume(row.scope, "r1");
    EXPECT_EQ(world.error(inbox), row.error) << row.scope;
    EXPECT_NE(world.answers(inbox).back()["error"]["detail"].get<std::string>().find(row.says),
              std::string::npos)
        << world.answers(inbox).back();
  }
  EXPECT_EQ(world.audited("refused"), std::size(kBadResumes));
}

TEST(Resume, OfANamedKillThatDoesNotHoldIsRefused) {
  World world;
  world.kill("acme/prod/x", "k1");
  EXPECT_EQ(world.error(world.resume("acme/prod/x", "r1", {{"lifts", {"k7"}}})), "not-killed");
}

TEST(Resume, TwoOperatorsCannotLiftTheSameKillTwice) {  // H27
  World world;
  world.kill("acme/prod/x", "k1");
  world.stream_answers = false;
  world.resume("acme/prod/x", "r1");
  world.stream_answers = true;
  EXPECT_FALSE(world.error(world.resume("acme/prod/x", "r2")).empty());
}

// H28: the same resume ten minutes later, after a new kill, has no effect.
TEST(Resume, ReplayedAfterANewKillLiftsNothing) {
  World world;
  world.kill("acme/prod/x", "k1");
  world.resume("acme/prod/x", "r1");
  world.pass(601'000);
  world.kill("acme/prod/x", "k2");
  world.resume("acme/prod/x", "r1");
  EXPECT_EQ(world.count_committed("r1"), 1U);
  EXPECT_EQ(world.core->ledger().latches().all().size(), 1U);
}

// H27: every order in which {kill 1, resume of it, kill 2} can be seen by a restarted control ends
// closed.
TEST(Resume, NeverLiftsAKillThatCameAfterIt) {
  World world;
  world.kill("acme/prod/x", "k1");
  world.resume("acme/prod/x", "r1");
  world.kill("acme/prod/x", "k2");
  world.restart();
  ASSERT_EQ(world.core->ledger().latches().all().size(), 1U);
  EXPECT_EQ(world.core->ledger().latches().all()[0]->latch.op_id, "k2");
}

TEST(Resume, OfANarrowerScopeWarnsOfAWiderKill) {
  World world;
  world.kill("acme/prod/x", "k1");
  world.kill("acme/*", "k2");
  const auto inbox = world.resume("acme/prod/x", "r1");
  EXPECT_TRUE(warns(world.stage(inbox, "accepted"), "still acme/* killed by alice"));
  EXPECT_FALSE(world.hello("acme/prod/x", "aaaaaaa1").latches.empty());
}

TEST(Questions, AreAnswered) {
  World world;
  world.open("b1");
  world.hello("acme/prod/x", "aaaaaaa1");
  world.kill("acme/prod/x", "k1");
  const Json ps = world.answers(world.ask("ps", {{"filter", "acme/*"}, {"wide", true}})).back();
  EXPECT_EQ(ps["agents"][0]["killed_by"], "alice");
  EXPECT_EQ(ps["agents"][0]["counters"]["sent"], 0);
  EXPECT_EQ(ps["kills"][0]["op_id"], "k1");
  const Json get = world.answers(world.ask("get", {{"address", "acme/prod/x"}})).back();
  EXPECT_EQ(get["instances"][0]["instance"], "aaaaaaa1");
  EXPECT_EQ(get["kills"][0]["reason"], "broken link");
  const Json status = world.answers(world.ask("status", Json::object())).back();
  EXPECT_EQ(status["bridges"][0]["id"], "b1");
  EXPECT_TRUE(status["log"]["recorder_ok"]);
  EXPECT_TRUE(world.answers(world.ask("verify", Json::object())).back()["ok"]);
  EXPECT_TRUE(world.answers(world.ask("audit", Json::object())).back().contains("rows"));
}

TEST(Questions, AboutAnUnknownAddressAreNotFound) {
  World world;
  EXPECT_EQ(world.error(world.ask("get", {{"address", "acme/prod/ghost"}})), "not-found");
}

// I8: every order and every refusal leaves a line.
TEST(Audit, HasEveryDecision) {
  World world;
  world.open("b1");
  world.kill("acme/prod/x", "k1");
  world.receipt("b1", "k1");
  world.resume("acme/prod/x", "r1");
  world.receipt("b1", "r1", RecordKind::kResume);
  world.ask("kill", "{}");
  for (const char* kind : {"control-started", "epoch-opened", "term-opened", "bridge-joined",
                           "kill", "fenced", "resume", "opened", "refused"}) {
    EXPECT_EQ(world.audited(kind), 1U) << kind;
  }
}

// Nobody is there who has to obey: all that is known stands before the end, and in it.
TEST(Orders, WhatIsKnownAtOnceIsToldBeforeTheEnd) {
  World world;
  const auto inbox = world.kill("acme/prod/x", "k1", {{"wait", {"fenced"}}});
  EXPECT_EQ(world.stage(inbox, "stopped")["of"], 0);
  const Json done = world.answers(inbox).back();
  EXPECT_TRUE(done["done"]);
  EXPECT_EQ(done["reached"], Json::array({"fenced", "stopped"}));
}

TEST(Commands, OneThatCannotBeReadIsRefusedForTheReasonThatItHas) {
  World world;
  CommandReceived command;
  command.actor = "alice";
  command.verb = "kill";
  command.asker = Asker("r9");
  command.unreadable = {schemas::Errc::kDuplicateKey, "twice"};
  world.send(command);
  EXPECT_EQ(world.error(command.asker.token()), "duplicate-key");
  EXPECT_EQ(world.audited("refused"), 1U);
}

}  // namespace
}  // namespace estop::control
