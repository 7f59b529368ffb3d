// SPDX-License-Identifier: Apache-2.0

// Agents: who is there, in which life, who stopped, and what may be written down.
#include <gtest/gtest.h>

#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

using schemas::Errc;
using schemas::StoreOp;

std::string state_of(World& world) {
  return world.answers(world.ask("ps", Json::object())).front()["agents"].front()["state"];
}

TEST(Agents, AreUnknownThenHealthyThenStaleThenCrashed) {
  World world;
  world.hello("acme/prod/x", "aaaaaaa1");
  EXPECT_EQ(state_of(world), "unknown");
  world.agent_beat("acme/prod/x", "aaaaaaa1");
  EXPECT_EQ(state_of(world), "healthy");
  world.pass(15'000);
  EXPECT_EQ(state_of(world), "stale");
  world.pass(36'000);
  EXPECT_EQ(state_of(world), "crashed");
  EXPECT_EQ(world.audited("agent-crashed"), 1U);
}

TEST(Agents, ThatNeverSaidHelloAreAskedTo) {
  World world;
  EXPECT_EQ(world.agent_beat("acme/prod/x", "aaaaaaa1").code, Errc::kNotFound);
}

TEST(Agents, AreRememberedOverARestartOfControl) {
  World world;
  world.hello("acme/prod/x", "aaaaaaa1");
  world.restart();
  EXPECT_EQ(world.agent_beat("acme/prod/x", "aaaaaaa1").code, Errc::kOk);
}

// H44, rule 2: a kill is asked for whoever comes, when he comes.
TEST(Agents, BornAfterTheKillOfTheirScopeStartStopped) {
  World world;
  world.kill("acme/*", "k1");
  const auto reply = world.hello("acme/prod/newborn", "aaaaaaa1");
  ASSERT_EQ(reply.latches.size(), 1U);
  EXPECT_EQ(reply.latches[0].op_id, "k1");
  EXPECT_EQ(reply.latches[0].reason, "broken link");
  EXPECT_EQ(world.agent_beat("acme/prod/newborn", "aaaaaaa1").latches.size(), 1U);
  EXPECT_EQ(state_of(world), "killed");
}

struct Coverage {
  const char* scope;
  bool agent;      // acme/prod/x@aaaaaaa1
  bool neighbour;  // acme/prod/xy@aaaaaaa1
};
constexpr Coverage kCoverage[] = {
    {"*", true, true},
    {"acme/*", true, true},
    {"acme/prod/*", true, true},
    {"acme/prod/x", true, false},
    {"acme/prod/x@aaaaaaa1", true, false},
    {"acme/prod/x@aaaaaaa2", false, false},
    {"other/*", false, false},
};

TEST(Agents, AreKilledByEveryScopeThatCoversThemAndNoOther) {
  for (const Coverage& row : kCoverage) {
    World world;
    world.kill(row.scope, "k1");
    EXPECT_EQ(!world.hello("acme/prod/x", "aaaaaaa1").latches.empty(), row.agent) << row.scope;
    EXPECT_EQ(!world.hello("acme/prod/xy", "aaaaaaa1").latches.empty(), row.neighbour) << row.scope;
  }
}

TEST(Stopped, NamesWhoHasNotConfirmed) {
  World world;
  world.hello("acme/prod/x", "aaaaaaa1");
  world.hello("acme/prod/x", "aaaaaaa2");
  world.hello("acme/prod/y", "aaaaaaa3");
  const auto inbox = world.kill("acme/prod/x", "k1", {{"timeout_ms", 2'000}});
  EXPECT_EQ(world.stage(inbox, "stopped")["of"], 2);
  world.stopped("acme/prod/x", "aaaaaaa1", "k1");
  world.pass(2'100);
  EXPECT_EQ(world.stage(inbox, "stopped")["n"], 1);
  EXPECT_EQ(world.stage(inbox, "stopped")["missing"], Json({"acme/prod/x@aaaaaaa2"}));
  EXPECT_FALSE(world.stage(inbox, "done")["ok"]);
  EXPECT_EQ(world.stage(inbox, "done")["unreached"], Json({"stopped"}));
  EXPECT_EQ(world.audited("unconfirmed"), 1U);
}

TEST(Stopped, AGoodbyeIsNoConfirmation) {  // promise 3: unconfirmed is never shown as stopped
  World world;
  world.hello("acme/prod/x", "aaaaaaa1");
  const auto inbox = world.kill("acme/prod/x", "k1");
  world.goodbye("acme/prod/x", "aaaaaaa1");
  EXPECT_EQ(world.stage(inbox, "stopped")["n"], 0);
  EXPECT_FALSE(world.is_done(inbox));
}

TEST(Stopped, AnUnconfirmedKillIsToldAgainEverMoreRarely) {  // H26
  World world;
  world.hello("acme/prod/x", "aaaaaaa1");
  world.kill("acme/prod/x", "k1");
  world.pass(60'000);
  EXPECT_GE(world.to_agents.size(), 6U);
  EXPECT_LE(world.to_agents.size(), 9U);
  world.stopped("acme/prod/x", "aaaaaaa1", "k1");
  const auto told = world.to_agents.size();
  world.pass(120'000);
  EXPECT_EQ(world.to_agents.size(), told);
}

TEST(Stopped, WhoStillRunsAfterTheGraceIsNotShownAsStopped) {
  World world;
  world.hello("acme/prod/x", "aaaaaaa1");
  const auto inbox = world.kill("acme/prod/x", "k1");
  world.stopped("acme/prod/x", "aaaaaaa1", "k1", true);
  EXPECT_EQ(world.stage(inbox, "stopped")["n"], 0);
  world.stopped("acme/prod/x", "aaaaaaa1", "k1");
  EXPECT_EQ(world.stage(inbox, "stopped")["n"], 1);
}

TEST(Stopped, AForgedReceiptIsNoConfirmation) {
  World world;
  world.signatures_good = false;
  world.hello("acme/prod/x", "aaaaaaa1");
  const auto inbox = world.kill("acme/prod/x", "k1");
  world.stopped("acme/prod/x", "aaaaaaa1", "k1");
  EXPECT_EQ(world.stage(inbox, "stopped")["n"], 0);
  EXPECT_TRUE(world.alarmed("forged-stop"));
}

TEST(Stopped, WhoLeftBeforeTheKillIsNotWaitedFor) {
  World world;
  world.hello("acme/prod/x", "aaaaaaa1");
  world.goodbye("acme/prod/x", "aaaaaaa1");
  EXPECT_EQ(world.stage(world.kill("acme/prod/x", "k1"), "stopped")["of"], 0);
}

TEST(Stopped, ThousandsOfConfirmationsAreToldInFewAnswers) {
  World world;
  const auto name = [](int i) { return "inst" + std::to_string(10'000 + i); };
  for (int i = 0; i < 2'000; ++i) world.hello("acme/prod/x", name(i));
  const auto inbox = world.kill("acme/prod/x", "k1");
  for (int i = 0; i < 2'000; ++i) world.stopped("acme/prod/x", name(i), "k1");
  EXPECT_LE(world.answers(inbox).size(), 8U);
  EXPECT_EQ(world.stage(inbox, "stopped")["n"], 2'000);
  EXPECT_TRUE(world.is_done(inbox));
}

struct StoreRow {
  const char* when;
  StoreOp op;
  Errc now_mode, in_grace, after_grace, old_life;
};
constexpr StoreRow kStore[] = {
    {"get", StoreOp::kGet, Errc::kOk, Errc::kOk, Errc::kOk, Errc::kOldIncarnation},
    {"put", StoreOp::kPut, Errc::kSenderKilled, Errc::kOk, Errc::kSenderKilled,
     Errc::kOldIncarnation},
    {"begin", StoreOp::kEffectBegin, Errc::kSenderKilled, Errc::kSenderKilled, Errc::kSenderKilled,
     Errc::kOldIncarnation},
    {"finish", StoreOp::kEffectFinish, Errc::kOk, Errc::kOk, Errc::kOk, Errc::kOldIncarnation},
    {"abandon", StoreOp::kEffectAbandon, Errc::kOk, Errc::kOk, Errc::kOk, Errc::kOldIncarnation},
};

// H52: what a life may write that is killed, in its grace, after it, and when a newer life has
// begun.
TEST(Store, FollowsTheKillAndTheLife) {
  for (const StoreRow& row : kStore) {
    World now_world;
    now_world.kill("acme/prod/x", "k1", {{"mode", "now"}});
    EXPECT_EQ(now_world.store("acme/prod/x", row.op).code, row.now_mode) << row.when;
    World world;
    EXPECT_EQ(world.store("acme/prod/x", row.op).code, Errc::kOk) << row.when;
    world.kill("acme/prod/x", "k1", {{"grace_ms", 5'000}});
    EXPECT_EQ(world.store("acme/prod/x", row.op).code, row.in_grace) << row.when;
    world.pass(5'100);
    EXPECT_EQ(world.store("acme/prod/x", row.op).code, row.after_grace) << row.when;
    world.resume("acme/prod/x", "r1");
    EXPECT_EQ(world.store("acme/prod/x", row.op, 0).code, row.old_life) << row.when;
    const auto life = world.hello("acme/prod/x", "aaaaaaa1").incarnation;
    EXPECT_EQ(world.store("acme/prod/x", row.op, life).code, Errc::kOk) << row.when;
  }
}

TEST(Store, AnAmbiguousEffectIsAudited) {
  World world;
  StoreAnswered answer;
  answer.address = address_of("acme/prod/x");
  answer.instance = instance_of("aaaaaaa1");
  answer.op = StoreOp::kEffectBegin;
  answer.key = "mail-7";
  answer.answer.code = Errc::kEffectAmbiguous;
  world.send(answer);
  EXPECT_EQ(world.audited("effect-ambiguous"), 1U);
}

StoppedReceived receipt_of(const std::string& op_id, std::uint64_t seq) {
  StoppedReceived stopped;
  stopped.address = address_of("acme/prod/x");
  stopped.instance = instance_of("aaaaaaa1");
  stopped.receipt.op_id = op_id;
  stopped.receipt.process = "process1";
  stopped.receipt.seq = seq;
  return stopped;
}

TEST(Stopped, CountsForTheRecordThatItNames) {
  World world;
  world.hello("acme/prod/x", "aaaaaaa1");
  const auto inbox = world.kill("acme/prod/x", "k1");
  const std::uint64_t seq = world.committed("k1")->seq;
  for (const std::uint64_t other : {seq - 1, seq + 1, std::uint64_t{0}}) {
    world.send(receipt_of("k1", other));
    EXPECT_EQ(world.stage(inbox, "stopped")["n"], 0) << other;
  }
  world.send(receipt_of("k1", seq));
  EXPECT_EQ(world.stage(inbox, "stopped")["n"], 1);
}

// The kill went out before the log could be read: runtimes saw it without a number.
TEST(Stopped, CountsForAKillThatGotItsNumberLater) {
  World world;
  world.hello("acme/prod/x", "aaaaaaa1");
  world.stream_up = false;
  world.restart();
  const auto inbox = world.kill("acme/prod/x", "k1");
  world.stream_up = true;
  world.pass(3'000);
  ASSERT_NE(world.committed("k1"), nullptr);
  world.send(receipt_of("k1", 0));
  EXPECT_EQ(world.stage(inbox, "stopped")["n"], 1);
}

// What cannot be read is answered, so that whoever asked does not wait for its time to run out.
TEST(Store, ARequestThatCannotBeReadIsAnsweredWithItsError) {
  World world;
  const Asker asker("r1");
  StoreRequested asked;
  asked.address = address_of("acme/prod/x");
  asked.asker = asker;
  asked.unreadable = {schemas::Errc::kTooLarge, "1048577 bytes, at most 1048576"};
  world.send(asked);
  HelloReceived hello;
  hello.address = address_of("acme/prod/x");
  hello.asker = asker;
  hello.unreadable = {schemas::Errc::kTooLarge, "text over 256 bytes"};
  world.send(hello);
  ASSERT_EQ(world.agent_replies.size(), 2U);
  EXPECT_EQ(schemas::decode<schemas::StoreReply>(world.agent_replies[0])->code,
            schemas::Errc::kTooLarge);
  EXPECT_EQ(schemas::decode<schemas::HelloReply>(world.agent_replies[1])->code,
            schemas::Errc::kTooLarge);
  EXPECT_EQ(world.core->registry().size(), 0U);
}

// Both have one credential, one name; one that confirms says nothing about the other.
TEST(Stops, H57_OfTwoProcessesOfOneInstanceAreTwo) {
  World world;
  world.hello("acme/prod/x", "aaaaaaa1");
  world.process = "process2";
  world.hello("acme/prod/x", "aaaaaaa1");
  const auto inbox = world.kill("acme/prod/x", "k1", {{"wait", {"stopped"}}});
  world.stopped("acme/prod/x", "aaaaaaa1", "k1");
  world.pass(1'100);
  EXPECT_EQ(world.stage(inbox, "stopped")["n"], 1);
  EXPECT_EQ(world.stage(inbox, "stopped")["of"], 2);
  EXPECT_FALSE(world.is_done(inbox));
  world.process = "process1";
  world.stopped("acme/prod/x", "aaaaaaa1", "k1");
  EXPECT_TRUE(world.is_done(inbox));
}

}  // namespace
}  // namespace estop::control
