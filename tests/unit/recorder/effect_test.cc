// SPDX-License-Identifier: Apache-2.0

// Effects: nothing is done twice and nothing is guessed.
#include <fmt/format.h>

#include "tests/unit/recorder/recorder_fixture.h"

namespace estop::control {
namespace {

using schemas::EffectState;
using schemas::Errc;
using schemas::StoreOp;

class EffectTest : public RecorderTest {
 protected:
  EffectTest() { open(); }
  std::vector<AmbiguousEffect> begun(const schemas::Address& address) {
    return *await<schemas::Result<std::vector<AmbiguousEffect>>>(
        [&](auto done) { recorder_->list_begun_effects(address, std::move(done)); });
  }
};

struct Step {
  StoreOp op;
  const char* instance;
  std::uint64_t incarnation;
  const char* bytes;
  Errc code;
  EffectState before;
  const char* answered;
};

struct Story {
  const char* name;
  std::vector<Step> steps;
};

constexpr const char* kA = "aaaaaaaa";
constexpr const char* kB = "bbbbbbbb";
constexpr auto kBegin = StoreOp::kEffectBegin;
constexpr auto kFinish = StoreOp::kEffectFinish;
constexpr auto kAbandon = StoreOp::kEffectAbandon;
constexpr auto kNone = EffectState::kNone;
constexpr auto kBegun = EffectState::kBegun;
constexpr auto kFinished = EffectState::kFinished;

const Story kStories[] = {
    {"finished once",
     {{kBegin, kA, 1, "", Errc::kOk, kNone, ""},
      {kFinish, kA, 1, "250 ok", Errc::kOk, kBegun, ""},
      {kBegin, kA, 1, "", Errc::kOk, kFinished, "250 ok"},
      {kBegin, kB, 9, "", Errc::kOk, kFinished, "250 ok"}}},
    {"a repeated request of the same life is the same begin",
     {{kBegin, kA, 1, "", Errc::kOk, kNone, ""}, {kBegin, kA, 1, "", Errc::kOk, kNone, ""}}},
    {"begun by another process",
     {{kBegin, kA, 1, "", Errc::kOk, kNone, ""},
      {kBegin, kB, 1, "", Errc::kEffectAmbiguous, kBegun, ""}}},
    {"begun in an earlier incarnation",
     {{kBegin, kA, 1, "", Errc::kOk, kNone, ""},
      {kBegin, kA, 2, "", Errc::kEffectAmbiguous, kBegun, ""}}},
    {"finished by who knows that it was done",
     {{kBegin, kA, 1, "", Errc::kOk, kNone, ""},
      {kFinish, kA, 2, "done", Errc::kOk, kBegun, ""},
      {kBegin, kA, 2, "", Errc::kOk, kFinished, "done"}}},
    {"a second finish keeps the first outcome",
     {{kBegin, kA, 1, "", Errc::kOk, kNone, ""},
      {kFinish, kA, 1, "one", Errc::kOk, kBegun, ""},
      {kFinish, kA, 1, "two", Errc::kOk, kFinished, "one"}}},
    {"finish of nothing", {{kFinish, kA, 1, "x", Errc::kNotFound, kNone, ""}}},
    {"abandoned and begun again",
     {{kBegin, kA, 1, "", Errc::kOk, kNone, ""},
      {kAbandon, kA, 1, "", Errc::kOk, kBegun, ""},
      {kBegin, kB, 1, "", Errc::kOk, kNone, ""}}},
    {"abandoned by the process that survived a resume",
     {{kBegin, kA, 1, "", Errc::kOk, kNone, ""}, {kAbandon, kA, 5, "", Errc::kOk, kBegun, ""}}},
    {"abandoned by somebody else",
     {{kBegin, kA, 2, "", Errc::kOk, kNone, ""},
      {kAbandon, kB, 2, "", Errc::kEffectAmbiguous, kBegun, ""},
      {kAbandon, kA, 1, "", Errc::kEffectAmbiguous, kBegun, ""}}},
    {"abandoned too late",
     {{kBegin, kA, 1, "", Errc::kOk, kNone, ""},
      {kFinish, kA, 1, "", Errc::kOk, kBegun, ""},
      {kAbandon, kA, 1, "", Errc::kNotFound, kFinished, ""}}},
    {"abandon of nothing", {{kAbandon, kA, 1, "", Errc::kOk, kNone, ""}}},
};

TEST_F(EffectTest, EveryStoryEndsAsTold) {
  for (const Story& story : kStories) {
    int at = 0;
    for (const Step& step : story.steps) {
      const auto reply = ask({step.op, story.name, 0, step.incarnation, step.bytes}, step.instance);
      const auto where = fmt::format("{}, step {}: {}", story.name, ++at, reply.detail);
      EXPECT_EQ(reply.code, step.code) << where;
      EXPECT_EQ(reply.effect, step.before) << where;
      EXPECT_EQ(reply.bytes, step.answered) << where;
    }
  }
}

TEST_F(EffectTest, WhatWasBegunIsStillBegunAfterAReopen) {
  ASSERT_EQ(ask({kBegin, "mail-17", 0, 1, ""}).code, Errc::kOk);
  reopen();
  EXPECT_EQ(ask({kBegin, "mail-17", 0, 1, ""}, kB).code, Errc::kEffectAmbiguous);
}

TEST_F(EffectTest, OnlyUnfinishedOnesAreListed) {
  for (const char* key : {"one", "two", "three"}) {
    ASSERT_EQ(ask({kBegin, key, 0, 1, ""}).code, Errc::kOk);
  }
  ASSERT_EQ(ask({kFinish, "two", 0, 1, ""}).code, Errc::kOk);
  const auto listed = begun(mailer());
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].address, mailer());
  EXPECT_EQ(listed[0].instance, kA);
  EXPECT_GT(listed[0].begun_at_ms, 0U);
  EXPECT_EQ(begun({}).size(), 2U);
  EXPECT_TRUE(begun(*schemas::Address::parse("acme/prod/other")).empty());
}

TEST_F(EffectTest, AnOutcomeIsLimited) {
  ASSERT_EQ(ask({kBegin, "k", 0, 1, ""}).code, Errc::kOk);
  EXPECT_EQ(ask({kFinish, "k", 0, 1, std::string(kOutcomeMax_bytes + 1, 'x')}).code,
            Errc::kTooLarge);
  EXPECT_EQ(ask({kFinish, "k", 0, 1, std::string(kOutcomeMax_bytes, 'x')}).code, Errc::kOk);
}

// H60. Keys have no end otherwise, and the table is never shortened by anybody else.
TEST_F(EffectTest, AnAddressHasOnlySoManyUntilOldFinishedOnesMakeRoom) {
  const auto fill = [](const char* columns, std::uint64_t from, std::uint64_t count) {
    return fmt::format(
        "WITH RECURSIVE n(i) AS (SELECT {0} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {0} + {1})"
        " INSERT INTO effects SELECT 'acme/prod/mailer', 'key' || i, {2} FROM n",
        from, count, columns);
  };
  raw(fill("1, 'aaaaaaaa', 1, 1, NULL, NULL", 1, kEffectKeysMax));
  reopen();
  const auto begin = [&](const std::string& key) { return ask({kBegin, key, 0, 1, {}}).code; };
  EXPECT_EQ(begin("one more"), Errc::kOverLimit);
  EXPECT_EQ(begin("key7"), Errc::kOk) << "one of its own, once more";
  raw("UPDATE effects SET state = 2, finished_at_ms = 7, outcome = x'' WHERE key = 'key1'");
  reopen();
  EXPECT_EQ(begin("one more"), Errc::kOk);
  EXPECT_EQ(begin("and one more"), Errc::kOverLimit);
}

}  // namespace
}  // namespace estop::control
