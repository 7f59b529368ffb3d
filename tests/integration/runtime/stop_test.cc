// SPDX-License-Identifier: Apache-2.0

// Kills and resumes through a real broker.
#include "tests/integration/runtime/fixture.h"

namespace estop::testing {
namespace {

class Stop : public RuntimeTest {};

TEST_F(Stop, AKillIsObeyedConfirmedAndLiftedOnlyByAResume) {
  Agent agent = connect("acme/prod/mailer");
  EXPECT_FALSE(agent.stop_requested());
  const auto token = agent.stop_token();
  control_.kill("acme/prod/mailer", "k1");
  EXPECT_TRUE(wait_until([&] { return agent.stop_requested(); }, Millis{1'000}));
  EXPECT_TRUE(receipt_of("k1"));
  EXPECT_TRUE(token.stop_requested());
  ASSERT_TRUE(agent.stop_order());
  EXPECT_EQ(agent.stop_order()->actor, "alice");
  EXPECT_EQ(agent.wait_for_resume(Millis{50}).error().code, Errc::kTimeout);

  control_.resume("k1");
  EXPECT_TRUE(agent.wait_for_resume(Millis{5'000}));
  EXPECT_EQ(agent.incarnation(), 1U);
  EXPECT_EQ(agent.life(), 2U);
  EXPECT_TRUE(token.stop_requested());
  EXPECT_FALSE(agent.stop_token().stop_requested());
}

TEST_F(Stop, TheReceiptComesAfterTheHandlersAndTheCallback) {  // H21, H47
  Agent agent = connect("acme/prod/mailer");
  Agent asker = connect("acme/prod/asker");
  std::atomic<bool> handling{false}, handled{false}, saved{false}, release{false};
  ASSERT_TRUE(agent.handle("work", [&](const Intent&, std::stop_token stop) -> Result<Bytes> {
    handling = true;
    EXPECT_TRUE(wait_until([&] { return stop.stop_requested(); }));
    EXPECT_TRUE(wait_until([&] { return release.load(); }));
    handled = true;
    return fail(Errc::kSenderKilled, "stopped");
  }));
  agent.on_stop([&](const StopOrder& order) {
    EXPECT_EQ(order.cause, StopCause::kKill);
    EXPECT_TRUE(agent.checkpoint("place", "row 7"));  // within the grace
    EXPECT_EQ(agent.send("acme/prod/asker", "echo", "").error().code, Errc::kSenderKilled);
    saved = true;
  });
  ASSERT_TRUE(wait_until([&] {
    (void)asker.send("acme/prod/mailer", "work", "");
    return handling.load();
  }));
  control_.kill("acme/prod/mailer", "k1");
  EXPECT_TRUE(wait_until([&] { return saved.load(); }));
  EXPECT_TRUE(control_.receipts().empty());
  release = true;
  EXPECT_TRUE(receipt_of("k1"));
  EXPECT_TRUE(handled);
  EXPECT_GE(control_.receipts().back().handlers_cancelled, 1U);
}

TEST_F(Stop, WorkThatOutlivesTheGraceIsReportedHonestly) {
  Agent agent = connect("acme/prod/mailer");
  std::atomic<bool> release{false};
  agent.on_stop([&](const StopOrder&) { EXPECT_TRUE(wait_until([&] { return release.load(); })); });
  control_.kill("acme/prod/mailer", "k1", 300);
  ASSERT_TRUE(wait_until([&] { return !control_.receipts().empty(); }));
  EXPECT_TRUE(control_.receipts().front().grace_exceeded);
  release = true;
  EXPECT_TRUE(receipt_of("k1"));
}

TEST_F(Stop, TheSameOrderTwiceIsConfirmedTwiceAndObeyedOnce) {  // H28
  Agent agent = connect("acme/prod/mailer");
  std::atomic<int> calls{0};
  agent.on_stop([&](const StopOrder&) { ++calls; });
  control_.kill("acme/prod/mailer", "k1");
  EXPECT_TRUE(receipt_of("k1"));
  const auto before = control_.receipts().size();
  control_.repeat("k1");
  EXPECT_TRUE(wait_until([&] { return control_.receipts().size() > before; }));
  EXPECT_EQ(calls, 1);
}

TEST_F(Stop, AForgedKillIsCountedAndUndone) {  // H30
  Agent agent = connect("acme/prod/mailer");
  std::atomic<bool> alarmed{false};
  agent.on_error([&](const Error& error) { alarmed = error.code == Errc::kBadSignature; });
  const auto token = agent.stop_token();
  control_.kill_forged("acme/prod/mailer", "forged");
  EXPECT_TRUE(wait_until([&] { return alarmed.load(); }));
  EXPECT_TRUE(agent.wait_for_resume(Millis{1'000}));
  EXPECT_GE(agent.stats().bad_signatures, 1U);
  EXPECT_FALSE(token.stop_requested());
  EXPECT_EQ(agent.life(), 1U);
}

TEST_F(Stop, AnAddressUnderAKillConnectsStoppedAndSaysSo) {
  control_.kill("acme/prod/*", "k1");
  Agent agent = connect("acme/prod/mailer");
  EXPECT_TRUE(agent.stop_requested());
  ASSERT_TRUE(agent.stop_order());
  EXPECT_EQ(agent.stop_order()->scope, "acme/prod/*");
  EXPECT_TRUE(receipt_of("k1"));
  std::atomic<int> stops{0}, resumes{0};
  agent.on_stop([&](const StopOrder&) { ++stops; });  // late, so it is told at once
  agent.on_resume([&] { ++resumes; });
  EXPECT_TRUE(wait_until([&] { return stops == 1; }));
  control_.resume("k1");
  EXPECT_TRUE(agent.wait_for_resume(Millis{5'000}));
  EXPECT_TRUE(wait_until([&] { return resumes == 1; }));
}

TEST_F(Stop, AKillWhoseOrderWasLostComesWithTheNextBeat) {  // H26
  Agent agent = connect("acme/prod/mailer");
  control_.kill_unheard("acme/prod/mailer", "k1");
  EXPECT_TRUE(wait_until([&] { return agent.stop_requested(); }, Millis{2'000}));
  EXPECT_TRUE(receipt_of("k1"));
}

TEST_F(Stop, AReplayedKillHasNoEffectAfterItsResume) {  // H31
  Agent agent = connect("acme/prod/mailer");
  control_.kill("acme/prod/mailer", "k1");
  EXPECT_TRUE(receipt_of("k1"));
  control_.resume("k1");
  EXPECT_TRUE(agent.wait_for_resume(Millis{5'000}));
  control_.repeat("k1");
  control_.kill("acme/prod/other", "k2");  // behind it on the same subject
  const auto beats = control_.last_beat().nonce;
  EXPECT_TRUE(wait_until([&] { return control_.last_beat().nonce > beats + 1; }));
  EXPECT_FALSE(agent.stop_requested());
}

TEST_F(Stop, NothingThatWasHandedOnBeforeAKillLeavesAfterTheResume) {  // H34, H35
  Agent agent = connect("acme/prod/mailer");
  Agent sink = connect("acme/prod/sink");
  std::atomic<int> handled{0};
  ASSERT_TRUE(sink.handle("late", [&](const Intent&, std::stop_token) {
    ++handled;
    return Result<Bytes>("");
  }));
  broker_.signal(SIGSTOP);  // what is sent now stays on this side
  for (int i = 0; i < 100; ++i) (void)agent.send("acme/prod/sink", "late", "old");
  broker_.kill();
  broker_.restart();
  control_.kill("acme/prod/mailer", "k1");
  EXPECT_TRUE(receipt_of("k1"));
  control_.resume("k1");
  EXPECT_TRUE(agent.wait_for_resume(Millis{10'000}));
  serve_echo(sink);
  EXPECT_TRUE(reaches(agent, "acme/prod/sink"));
  EXPECT_EQ(handled, 0);
}

}  // namespace
}  // namespace estop::testing
