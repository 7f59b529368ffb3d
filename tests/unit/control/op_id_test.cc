// SPDX-License-Identifier: Apache-2.0

// Op ids that come more than once: what is answered is what holds now. Hazards H28, H55, H56.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

class OpId : public ::testing::Test {
 protected:
  OpId() { world.open("b1"); }

  void kill_and_resume() {
    world.kill("acme/prod/x", "k1");
    world.receipt("b1", "k1");
    world.resume("acme/prod/x", "r1", {{"lifts", {"k1"}}});
    world.receipt("b1", "r1", schemas::RecordKind::kResume);
  }
  [[nodiscard]] std::string detail(const std::string& inbox) const {
    return world.answers(inbox).back()["error"]["detail"];
  }
  [[nodiscard]] bool holds(const std::string& scope) const {
    return !world.core->ledger().latches().exactly(schemas::Scope::parse(scope).value()).empty();
  }
  // The op id under which control wrote the only kill of the scope.
  [[nodiscard]] std::string written_as(const std::string& scope) const {
    const auto kills = world.core->ledger().latches().exactly(schemas::Scope::parse(scope).value());
    return kills.size() == 1 ? kills[0]->latch.op_id : "";
  }
  World world;
};

TEST_F(OpId, OfAKillThatWasLiftedIsNoKillAnyMore_H56) {
  kill_and_resume();
  const auto again = world.kill("acme/prod/x", "k1");
  EXPECT_EQ(world.error(again), "log-conflict");
  EXPECT_EQ(detail(again),
            "op_id 'k1' was used: resume r1 lifted that kill at 2023-11-14T22:13:20Z, and "
            "acme/prod/x runs; give a new op_id");
  EXPECT_EQ(world.answers(again).size(), 1U) << "nothing of the first answers";
  EXPECT_EQ(world.count_committed("k1"), 1U);
  EXPECT_FALSE(holds("acme/prod/x"));
}

TEST_F(OpId, OfALiftedKillIsKnownAfterARestartToo_H56) {
  kill_and_resume();
  world.restart();
  EXPECT_EQ(world.error(world.kill("acme/prod/x", "k1")), "log-conflict");
}

TEST_F(OpId, OfALiftedKillSaysWhatHoldsInItsPlace) {
  kill_and_resume();
  world.kill("acme/*", "k2");
  EXPECT_NE(detail(world.kill("acme/prod/x", "k1")).find("what holds is: acme/* killed by alice"),
            std::string::npos);
}

TEST_F(OpId, OfALiftedOrderHasNoEffectAndTheAuditSaysSo) {
  kill_and_resume();
  world.emergency(world.order("acme/prod/x", "k1"));
  EXPECT_TRUE(world.due.empty());
  EXPECT_FALSE(holds("acme/prod/x"));
  EXPECT_EQ(world.audited("refused"), 1U);
  schemas::BridgeBeat behind;
  behind.bridge = "b1";
  behind.state = schemas::BridgeState::kReplaying;
  behind.applied = {1, 2, world.stream[1].hash};
  behind.held = {world.order("acme/prod/x", "k1").frame};
  world.beat(behind);
  EXPECT_FALSE(holds("acme/prod/x"));
  EXPECT_EQ(world.committed("end-1-1"), nullptr);
}

// It began behind a snapshot, or forgot the op id: a stop wins.
TEST_F(OpId, OfALiftedKillThatABridgeObeysOnceMoreIsEndedByARecord) {
  kill_and_resume();
  const auto order = world.order("acme/prod/x", "k1");
  for (int i = 0; i < 3; ++i) world.shows("b1", order.frame);
  const schemas::Record* end = world.committed("end-1-1");
  ASSERT_NE(end, nullptr);
  EXPECT_EQ(end->resume().lifts, std::vector<std::string>{"k1"});
  EXPECT_EQ(end->scope().text(), "acme/prod/x");
  EXPECT_EQ(end->actor.kind, schemas::ActorKind::kControl);
  EXPECT_NE(end->reason.find("order k1 came again, which was lifted by resume r1"),
            std::string::npos);
  // Whoever runs there since the resume goes on: no new life begins.
  EXPECT_EQ(end->resume().incarnation, world.committed("r1")->resume().incarnation);
  EXPECT_EQ(world.committed("end-1-2"), nullptr) << "it is on its way";
  EXPECT_FALSE(holds("acme/prod/x"));
  world.pass(10'000);
  world.shows("b1", order.frame);
  EXPECT_NE(world.committed("end-1-2"), nullptr) << "and may come again";
}

TEST_F(OpId, OfALiftedKillThatNobodyOrderedIsEndedByNoRecord) {
  kill_and_resume();
  auto forged = world.order("acme/prod/x", "k1");
  forged.frame.back() = static_cast<char>(forged.frame.back() ^ 1);
  world.shows("b1", forged.frame);
  EXPECT_EQ(world.committed("end-1-1"), nullptr);
}

TEST_F(OpId, OfAResumeWithOtherKillsIsRefused_H56) {
  kill_and_resume();
  world.kill("acme/prod/x", "k2");
  EXPECT_EQ(world.error(world.resume("acme/prod/x", "r1", {{"lifts", {"k2"}}})), "log-conflict");
  EXPECT_EQ(world.error(world.resume("acme/prod/x", "r1")), "log-conflict");
  EXPECT_TRUE(holds("acme/prod/x"));
}

TEST_F(OpId, OfTheSameResumeIsAnsweredWithWhatHoldsNow) {
  kill_and_resume();
  const auto same = world.resume("acme/prod/x", "r1", {{"lifts", {"k1"}}});
  EXPECT_TRUE(world.stage(same, "done")["ok"]);
  EXPECT_FALSE(world.stage(same, "accepted").contains("warning"));
  world.kill("acme/prod/x", "k2");
  const auto later = world.resume("acme/prod/x", "r1", {{"lifts", {"k1"}}});
  EXPECT_NE(world.stage(later, "accepted")["warning"].get<std::string>().find("(op k2)"),
            std::string::npos);
}

// An empty frame made every runtime say hello at once.
TEST_F(OpId, OfAnOldResumeTellsTheRuntimesNothing) {
  kill_and_resume();
  world.restart();
  world.open("b1");
  const auto told = world.to_agents.size();
  const auto again = world.resume("acme/prod/x", "r1", {{"lifts", {"k1"}}});
  world.beat("b1", schemas::BridgeState::kOpen);
  world.pass(2'000);
  EXPECT_TRUE(world.stage(again, "done")["ok"]);
  EXPECT_EQ(world.to_agents.size(), told);
}

// --- Used for something else: a stop is not refused for that (H55) ---

TEST_F(OpId, OfAnotherOrderIsAKillUnderAnIdOfControlsOwn) {
  world.kill("acme/prod/x", "k1");
  const auto other = world.kill("acme/prod/y", "k1");
  const std::string own = written_as("acme/prod/y");
  ASSERT_NE(own, "");
  EXPECT_NE(own, "k1");
  EXPECT_EQ(world.stage(other, "accepted")["op_id"], own);
  EXPECT_EQ(world.stage(other, "accepted")["warning"].get<std::string>().find(
                "op_id 'k1' names another order: this kill is '" + own + "'"),
            0U);
  const auto again = world.kill("acme/prod/y", "k1");
  EXPECT_EQ(world.stage(again, "accepted")["op_id"], own);
  world.restart();
  EXPECT_EQ(world.error(world.kill("acme/prod/y", "k1")), "");
  EXPECT_EQ(written_as("acme/prod/y"), own);
}

TEST_F(OpId, OfAnotherOrderInASignedKillIsListedAndLiftedByAnOrdinaryResume_H55) {
  world.kill("acme/prod/x", "k1");
  world.emergency(world.order("acme/prod/y", "k1"));  // bridges hold it already
  const std::string own = written_as("acme/prod/y");
  ASSERT_NE(own, "");
  EXPECT_TRUE(world.alarmed("op-id-reused"));
  EXPECT_EQ(world.audited("signed"), 1U);
  const Json kills = world.answers(world.ask("ps", Json::object())).back()["kills"];
  ASSERT_EQ(kills.size(), 2U);
  EXPECT_EQ(kills[1]["op_id"], own);
  EXPECT_EQ(kills[1]["given_as"], "k1");

  world.resume("acme/prod/y", "r1", {{"lifts", {own}}});
  ASSERT_NE(world.committed("r1"), nullptr);
  EXPECT_EQ(world.committed("r1")->resume().lifts, std::vector<std::string>{own})
      << "bridges know the other one from the record of the kill";
  EXPECT_TRUE(holds("acme/prod/x")) << "the first order of that id is another one";
  EXPECT_FALSE(holds("acme/prod/y"));
}

struct Used {
  const char* what;
  void (*first)(World&);
};
const Used kUsed[] = {
    {"a kill that holds", [](World& w) { w.kill("acme/prod/x", "o1"); }},
    {"a kill that was lifted",
     [](World& w) {
       w.kill("acme/prod/x", "o1");
       w.resume("acme/prod/x", "r9");
     }},
    {"a resume",
     [](World& w) {
       w.kill("acme/prod/x", "k9");
       w.resume("acme/prod/x", "o1");
     }},
    {"an order that is not written yet",
     [](World& w) { w.emergency(w.order("acme/prod/x", "o1")); }},
};

TEST_F(OpId, HeldByABridgeIsAdoptedWhateverElseItNames_H55) {
  for (const Used& row : kUsed) {
    SCOPED_TRACE(row.what);
    World one;
    one.open("b1");
    row.first(one);
    const auto order = one.order("acme/prod/y", "o1");
    one.shows("b1", order.frame);
    one.shows("b1", order.frame);
    const auto kills = one.core->ledger().latches().exactly(order.kill.record.scope());
    ASSERT_EQ(kills.size(), 1U);
    EXPECT_EQ(kills[0]->given, "o1");
    one.restart();
    one.shows("b1", order.frame);
    EXPECT_EQ(one.core->ledger().latches().exactly(order.kill.record.scope()).size(), 1U);
  }
}

TEST_F(OpId, OfAnotherOrderThatIsForgedChangesNothing) {
  world.emergency(world.order("acme/prod/x", "k1"));
  const auto watching = world.kill("acme/prod/x", "k1");
  world.emergency(world.order("acme/prod/y", "k1", "bob"), "bob");  // alice's credential
  EXPECT_TRUE(world.alarmed("forged-order"));
  EXPECT_FALSE(holds("acme/prod/y"));
  world.write("k1");
  EXPECT_NE(world.committed("k1"), nullptr);
  EXPECT_EQ(world.error(watching), "");
}

// --- Answers of many ---

TEST_F(OpId, AThousandKillsOfOneScopeAreNamedByTheFirstFewInEachAnswer) {
  const std::string reason(1'000, 'x');
  std::size_t longest = 0;
  for (int i = 0; i < 1'100; ++i) {
    const auto inbox = world.ask("kill", {{"scope", "acme/prod/x"},
                                          {"reason", reason},
                                          {"op_id", "k" + std::to_string(i)},
                                          {"wait", {"committed"}}});
    longest = std::max(longest, world.stage(inbox, "accepted").dump().size());
  }
  EXPECT_LT(longest, 8U * 1'024U);
  const auto last = world.kill("acme/prod/x", "last");
  EXPECT_NE(world.stage(last, "accepted")["warning"].get<std::string>().find(
                "and by 1097 more kills of it"),
            std::string::npos);
  const auto hello = world.hello("acme/prod/x", "aaaaaaa1");
  EXPECT_FALSE(hello.latches.empty());
  EXPECT_LT(schemas::encode(hello).size(), schemas::kControlMessageMax_bytes);
}

}  // namespace
}  // namespace estop::control
