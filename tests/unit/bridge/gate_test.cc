// SPDX-License-Identifier: Apache-2.0

// The gate: who passes, who is told what, and counts. Rows: design §3, hazards H15, H28, H31, H44,
// H52.
#include "broker-bridge/core/admission/gate.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/bridge/written_log.h"

namespace estop::bridge {
namespace {

using schemas::Errc;

struct GateAtHand {
  Errc ask(std::string from, const std::string& to, std::uint64_t incarnation = 0,
           std::string_view to_instance = {}) {
    const auto at = from.find('@');
    const std::string instance = at == std::string::npos ? "k3j9x2ab" : from.substr(at + 1);
    const auto sender = schemas::Address::parse(from.substr(0, at)).value();
    const auto receiver = schemas::Address::parse(to).value();
    const std::string both = sender.tokens() + "." + instance;
    schemas::IntentHead head;
    head.id = "i1";
    head.incarnation = incarnation;
    head.reply_instance = to_instance;
    if (!to_instance.empty()) head.flags = static_cast<std::uint32_t>(schemas::IntentFlag::kReply);
    const schemas::IntentSubject parts{std::string_view(both).substr(0, sender.tokens().size()),
                                       instance, both, receiver.tokens(), "email.send"};
    verdict = gate.decide(parts, head);
    EXPECT_EQ(gate.must_not_pass(parts, to_instance), verdict.cause != nullptr);
    if (verdict.code == Errc::kOk) gate.count_forward(verdict);
    return verdict.code;
  }
  schemas::Record kill(std::string_view scope_text, std::string op_id) {
    const auto record = log.kill(scope_text, std::move(op_id)).record;
    gate.kill(record);
    gate.commit(record);
    return record;
  }
  schemas::Record resume(std::string_view scope_text, std::vector<std::string> lifts) {
    const auto record = log.resume(scope_text, std::move(lifts)).record;
    EXPECT_TRUE(gate.resume(record.resume(), 0));
    return record;
  }
  // By place: those of `kills`, through the last of them.
  static schemas::Record through(const std::vector<schemas::Record>& kills) {
    std::vector<schemas::Hold> holds;
    for (const auto& kill : kills) holds.push_back({schemas::latch_of(kill), kill.epoch});
    std::vector<const schemas::Hold*> all;
    for (const auto& hold : holds) all.push_back(&hold);
    schemas::Record resume;
    resume.body = schemas::Resume{.scope = kills.front().scope()};
    resume.resume().through = schemas::through({kills.back().epoch, kills.back().seq, {}}, all);
    resume.resume().incarnation = 9;
    return resume;
  }

  WrittenLog log;
  Gate gate{GateOptions{}};
  Verdict verdict;
};

class GateTest : public ::testing::Test, public GateAtHand {};

TEST_F(GateTest, AKillOfAScopeStopsWhomItCoversAndNobodyElse) {
  struct Row {
    const char* killed;
    const char* from;
    const char* to;
    Errc expected;
  };
  const Row rows[] = {
      {"acme/prod/x", "acme/prod/x", "acme/prod/y", Errc::kSenderKilled},
      {"acme/prod/x", "acme/prod/x@zzzzzzzz", "acme/prod/y", Errc::kSenderKilled},
      {"acme/prod/x", "acme/prod/y", "acme/prod/x", Errc::kReceiverKilled},
      {"acme/prod/x", "acme/prod/xx", "acme/prod/y", Errc::kOk},
      {"acme/prod/x", "acme/test/x", "acme/prod/y", Errc::kOk},
      {"acme/prod/x@k3j9x2ab", "acme/prod/x@k3j9x2ab", "acme/prod/y", Errc::kSenderKilled},
      {"acme/prod/x@k3j9x2ab", "acme/prod/x@k3j9x2ac", "acme/prod/y", Errc::kOk},
      {"acme/prod/x@k3j9x2ab", "acme/prod/y", "acme/prod/x", Errc::kOk},
      {"acme/prod/*", "acme/prod/x", "acme/test/y", Errc::kSenderKilled},
      {"acme/prod/*", "acme/test/y", "acme/prod/x", Errc::kReceiverKilled},
      {"acme/prod/*", "acme/prod2/x", "acme/test/y", Errc::kOk},
      {"acme/*", "acme/test/y", "other/prod/x", Errc::kSenderKilled},
      {"acme/*", "acme2/test/y", "other/prod/x", Errc::kOk},
      {"*", "other/prod/x", "more/prod/y", Errc::kSenderKilled},
  };
  for (const Row& row : rows) {
    for (const bool known_before : {false, true}) {
      SCOPED_TRACE(std::string(row.killed) + ": " + row.from + " to " + row.to);
      GateAtHand fresh;
      if (known_before) {
        EXPECT_EQ(fresh.ask(row.from, row.to), Errc::kOk);
      }
      fresh.kill(row.killed, "k1");
      EXPECT_EQ(fresh.ask(row.from, row.to), row.expected);
    }
  }
}

TEST_F(GateTest, AReplyIsHeldBackFromAKilledInstance) {
  kill("acme/prod/x@k3j9x2ab", "k1");
  EXPECT_EQ(ask("acme/prod/y", "acme/prod/x", 0, "k3j9x2ab"), Errc::kReceiverKilled);
  EXPECT_EQ(ask("acme/prod/y", "acme/prod/x", 0, "k3j9x2ac"), Errc::kOk);
}

TEST_F(GateTest, KillsOfOneScopeStackAndEachHasToBeLifted) {
  kill("acme/prod/x", "k1");
  kill("acme/prod/x", "k2");
  resume("acme/prod/x", {"k1"});
  EXPECT_EQ(ask("acme/prod/x", "acme/prod/y", 4), Errc::kSenderKilled);
  EXPECT_EQ(verdict.cause->latch.op_id, "k2");
  const auto second = resume("acme/prod/x", {"k2"});
  EXPECT_EQ(ask("acme/prod/x", "acme/prod/y", second.resume().incarnation), Errc::kOk);
}

// H53: any number of kills by one small record.
TEST_F(GateTest, AResumeByPlaceLiftsTheKillsOfItsScopeUpToThere) {
  std::vector<schemas::Record> kills;
  for (int i = 0; i < 1'000; ++i) kills.push_back(kill("acme/prod/x", "k" + std::to_string(i)));
  kill("acme/prod/y", "other");
  const auto record = through(kills);
  kill("acme/prod/x", "later");
  EXPECT_TRUE(gate.resume(record.resume(), 0));
  EXPECT_EQ(gate.kills(), 2U);
  EXPECT_EQ(ask("acme/prod/x", "acme/prod/z", 9), Errc::kSenderKilled);
  EXPECT_EQ(verdict.cause->latch.op_id, "later");
  EXPECT_EQ(gate.kill(kills.front()), Latched::kLifted) << "one that comes late";
}

// A kill that the log does not have is never lifted by place: its number may be another record's.
TEST_F(GateTest, AResumeByPlaceLiftsNoKillWithoutAPlace) {
  const auto first = kill("acme/prod/x", "k1");
  const auto only_seen = log.kill("acme/prod/x", "k2").record;
  gate.kill(only_seen);
  const auto last = kill("acme/prod/x", "k3");
  EXPECT_TRUE(gate.resume(through({first, last}).resume(), 0));
  EXPECT_EQ(gate.kills(), 1U);
  EXPECT_NE(gate.find(only_seen), nullptr);
}

TEST_F(GateTest, AResumeByPlaceThatMeansOtherKillsLiftsNothing) {
  const auto first = kill("acme/prod/x", "k1");
  const auto second = kill("acme/prod/x", "k2");
  EXPECT_FALSE(gate.resume(through({second}).resume(), 0));
  auto renamed = first;
  renamed.op_id = "k9";
  EXPECT_FALSE(gate.resume(through({renamed, second}).resume(), 0));
  EXPECT_EQ(gate.kills(), 2U);
  EXPECT_TRUE(gate.resume(through({first, second}).resume(), 0));
  EXPECT_EQ(gate.kills(), 0U);
}

// What control wrote under an op id of its own goes with the order that bridges hold under another.
TEST_F(GateTest, AResumeLiftsAKillUnderTheOpIdThatItsOperatorGaveToo) {
  for (const bool by_place : {false, true}) {
    GateAtHand fresh;
    fresh.gate.kill(fresh.log.kill("acme/prod/x", "k1").record);
    auto own = fresh.log.kill("acme/prod/x", "own-1").record;
    own.kill().given_as = "k1";
    fresh.gate.kill(own);
    fresh.gate.commit(own);
    auto record = fresh.through({own});
    if (!by_place) record.resume().through = {};
    if (!by_place) record.resume().lifts = {"own-1"};
    EXPECT_TRUE(fresh.gate.resume(record.resume(), 0));
    EXPECT_EQ(fresh.gate.kills(), 0U) << by_place;
    EXPECT_EQ(fresh.gate.kill(fresh.log.kill("acme/prod/x", "k1").record), Latched::kLifted);
  }
}

// The tree and the index know the same kills and share no code that matches names: `ask` holds one
// against the other.
TEST_F(GateTest, TheSecondOpinionIsThatOfTheTree) {
  std::mt19937 random(20'260'101);
  const auto pick = [&](auto... choices) {
    const std::string all[] = {choices...};
    return all[random() % sizeof...(choices)];
  };
  const auto address = [&] {
    return pick("a", "b") + "/" + pick("p", "pp") + "/" + pick("x", "xx");
  };
  std::vector<schemas::Record> held;
  for (int i = 0; i < 5'000; ++i) {
    const std::string whom = address();
    const std::string instance = pick("k3j9x2ab", "k3j9x2ac");
    if (held.size() < 6 && random() % 4 == 0) {
      const std::string scope =
          pick(whom, whom + "@" + instance, whom.substr(0, whom.rfind('/')) + "/*",
               whom.substr(0, 1) + "/*", std::string("*"));
      held.push_back(kill(scope, "k" + std::to_string(i)));
    } else if (!held.empty() && random() % 3 == 0) {
      std::swap(held[random() % held.size()], held.back());
      resume(held.back().scope().text(), {held.back().op_id});
      held.pop_back();
    }
    const bool is_reply = random() % 3 == 0;
    ask(whom + "@" + instance, address(), 0, is_reply ? instance : std::string());
  }
}

TEST_F(GateTest, AResumeThatNamesAnotherKillLiftsNothing) {
  kill("acme/prod/x", "k1");
  resume("acme/prod/x", {"k9"});
  EXPECT_EQ(ask("acme/prod/x", "acme/prod/y", 3), Errc::kSenderKilled);
}

TEST_F(GateTest, AResumeLiftsNoKillOfAnotherScopeThatItNames) {
  kill("acme/prod/*", "k1");
  resume("acme/prod/x", {"k1"});
  EXPECT_EQ(ask("acme/prod/x", "acme/prod/y", 3), Errc::kSenderKilled);
  resume("acme/*", {"k1"});
  EXPECT_EQ(ask("acme/prod/x", "acme/prod/y", 3), Errc::kSenderKilled);
  const auto own = resume("acme/prod/*", {"k1"});
  EXPECT_EQ(ask("acme/prod/x", "acme/prod/y", own.resume().incarnation), Errc::kOk);
}

// H55: two operators took one op id. Control resumes each by its own scope.
TEST_F(GateTest, OfTwoKillsWithOneOpIdAResumeLiftsTheOneOfItsScope) {
  kill("acme/prod/x", "k1");
  kill("acme/prod/*", "k1");
  const auto wide = resume("acme/prod/*", {"k1"});
  EXPECT_EQ(ask("acme/prod/x", "acme/prod/y", wide.resume().incarnation), Errc::kSenderKilled);
  EXPECT_EQ(ask("acme/prod/z", "acme/prod/y", wide.resume().incarnation), Errc::kOk);
  const auto narrow = resume("acme/prod/x", {"k1"});
  EXPECT_EQ(ask("acme/prod/x", "acme/prod/y", narrow.resume().incarnation), Errc::kOk);
}

TEST_F(GateTest, H28H31_ALiftedKillThatComesAgainHasNoEffect) {
  const auto killed = kill("acme/prod/x", "k1");
  const auto resumed = resume("acme/prod/x", {"k1"});
  EXPECT_EQ(gate.kill(killed), Latched::kLifted);
  EXPECT_TRUE(gate.resume(resumed.resume(), 0));
  EXPECT_EQ(ask("acme/prod/x", "acme/prod/y", resumed.resume().incarnation), Errc::kOk);
}

TEST_F(GateTest, AResumeLiftsAKillThatThisGateNeverSaw) {
  auto killed = log.kill("acme/prod/x", "k1").record;
  const auto resumed = resume("acme/prod/x", {"k1"});
  EXPECT_EQ(gate.kill(killed), Latched::kLifted);
  EXPECT_EQ(gate.incarnation(scope("acme/prod/x")), resumed.resume().incarnation);
}

TEST_F(GateTest, AnOpIdThatComesWithASecondScopeHoldsBoth) {
  kill("acme/prod/x", "k1");
  kill("acme/prod/y", "k1");
  EXPECT_EQ(ask("acme/prod/x", "acme/prod/z"), Errc::kSenderKilled);
  EXPECT_EQ(ask("acme/prod/y", "acme/prod/z"), Errc::kSenderKilled);
  resume("acme/prod/x", {"k1"});
  EXPECT_EQ(gate.kills(), 1U);
  resume("acme/prod/y", {"k1"});
  EXPECT_EQ(gate.kills(), 0U);
}

TEST_F(GateTest, H52_OnlyTheIncarnationOfTheNewestResumeOfTheChainPasses) {
  kill("acme/prod/x", "k1");
  const auto narrow = resume("acme/prod/x", {"k1"}).resume().incarnation;
  kill("acme/*", "k2");
  const auto wide = resume("acme/*", {"k2"}).resume().incarnation;
  struct Row {
    const char* from;
    std::uint64_t incarnation;
    Errc expected;
  };
  const Row rows[] = {
      {"acme/prod/x", 0, Errc::kOldIncarnation},
      {"acme/prod/x", narrow, Errc::kOldIncarnation},
      {"acme/prod/x", wide, Errc::kOk},
      {"acme/prod/x", wide + 1, Errc::kNoContact},
      {"acme/prod/born-later", 0, Errc::kOldIncarnation},
      {"acme/prod/born-later", wide, Errc::kOk},
      {"other/prod/x", 0, Errc::kOk},
      {"other/prod/x", 1, Errc::kNoContact},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(std::string(row.from) + " as " + std::to_string(row.incarnation));
    EXPECT_EQ(ask(row.from, "other/prod/y", row.incarnation), row.expected);
  }
}

TEST_F(GateTest, AKilledSenderIsToldSoBeforeAnythingElse) {
  kill("acme/prod/x", "k1");
  resume("acme/prod/x", {"k1"});
  kill("acme/prod/x", "k2");
  kill("acme/prod/y", "k3");
  EXPECT_EQ(ask("acme/prod/x", "acme/prod/y", 0), Errc::kSenderKilled);
  EXPECT_EQ(ask("acme/prod/z", "acme/prod/y", 77), Errc::kReceiverKilled);
}

TEST_F(GateTest, CountsAreExactPerScopeAndPerKill) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask("acme/prod/x", "acme/prod/y"), Errc::kOk);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ask("acme/prod/y", "other/prod/z"), Errc::kOk);
  struct Row {
    const char* scope;
    std::uint64_t forwarded;
  };
  const Row rows[] = {
      {"*", 5},           {"acme/*", 5},      {"other/*", 2},      {"acme/prod/*", 5},
      {"acme/prod/x", 3}, {"acme/prod/y", 5}, {"other/prod/z", 2}, {"acme/prod/x@k3j9x2ab", 3},
      {"acme/prod/q", 0}};
  for (const Row& row : rows)
    EXPECT_EQ(gate.forwarded(scope(row.scope)), row.forwarded) << row.scope;

  const auto killed = kill("acme/prod/y", "k1");
  const auto second = kill("acme/prod/y", "k2");
  for (int i = 0; i < 4; ++i) ask("acme/prod/x", "acme/prod/y");
  ask("acme/prod/y", "acme/prod/x");
  EXPECT_EQ(gate.find(killed)->forwarded_before, 5U);
  EXPECT_EQ(gate.find(killed)->refused, 5U);
  EXPECT_EQ(gate.find(second)->refused, 0U)
      << "one refusal has one cause: the first kill of the scope";
  EXPECT_EQ(gate.forwarded(scope("acme/prod/y")), 5U);
}

TEST_F(GateTest, AKillThatWasTakenBackLeavesNoTrace) {
  const auto forged = kill("acme/prod/x", "k1");
  gate.unlatch(forged);
  EXPECT_EQ(ask("acme/prod/x", "acme/prod/y"), Errc::kOk);
  EXPECT_EQ(gate.kill(forged), Latched::kNew) << "control may still order it";
}

}  // namespace
}  // namespace estop::bridge
