// SPDX-License-Identifier: Apache-2.0

// Going on: resumes in any order, the lease, loss of contact.
#include "tests/unit/runtime/instance.h"

namespace estop::agent {
namespace {

using Resume = Instance;
using Lease = Instance;

TEST_F(Resume, OnlyTheHelloAfterItEndsAKill) {
  run();
  stop("k1");
  EXPECT_EQ(obey(resume("k1", 9)), "check-order resume-of-k1 | peer-resumed acme/prod/mailer");
  EXPECT_EQ(after(50, Tick{}), "send-hello 2");
  EXPECT_EQ(now(hello(2, 9)), "send-beat 2");
  EXPECT_EQ(now(beat(2, 9)), "start-work life=2 incarnation=9");
}

TEST_F(Resume, AForgedResumeDoesNothing) {
  run();
  stop("k1");
  now(OrderSeen{resume("k1", 9)});
  EXPECT_EQ(now(OrderChecked{resume("k1", 9), false}), "alarm bad-signature");
  EXPECT_EQ(after(50, Tick{}), "");
}

TEST_F(Resume, AHelloThatStillListsTheKillEndsNothing) {
  run();
  stop("k1");
  obey(resume("k1", 9));
  after(50, Tick{});
  EXPECT_EQ(now(hello(2, 0, {latch("k1")})), "send-receipt k1; send-beat 2 stopped");
  EXPECT_EQ(now(beat(2, 0)), "");
}

TEST_F(Resume, AnAnswerToAHelloFromBeforeTheKillDoesNotEndIt) {  // H27
  now(Connected{});
  obey(kill("k1"));
  EXPECT_EQ(now(hello(1, 5)), "send-receipt k1; send-hello 2");
  EXPECT_EQ(now(hello(2, 5, {latch("k1")})), "send-receipt k1; send-beat 1 stopped");
}

TEST_F(Resume, AHelloWithoutANewIncarnationDoesNotEndAKill) {  // a leader that lost it
  run();
  stop("k1");
  now(BeatAnswered{});
  now(OrderUnreadable{{schemas::Errc::kMalformed, ""}, true});
  EXPECT_EQ(now(hello(2, 0)), "send-receipt k1; send-beat 2 stopped");
  EXPECT_EQ(now(beat(2, 0)), "");
}

TEST_F(Resume, AKillThatItOvertookIsIgnored) {  // H27, I3
  run();
  obey(resume("late", 9));
  EXPECT_EQ(obey(kill("late")), " | peer-killed acme/prod/mailer");
}

TEST_F(Resume, AReplayOfALiftedKillHasNoEffect) {  // H31
  run();
  stop("k1");
  obey(resume("k1", 9));
  after(50, Tick{});
  now(hello(2, 9));
  now(beat(2, 9));
  EXPECT_EQ(after(600'000, OrderSeen{kill("k1")}).find("k1"), std::string::npos);
}

TEST_F(Resume, ABeatAnsweredBeforeItDoesNotBringTheKillBack) {
  run();
  stop("k1");
  after(5'000, Tick{});
  obey(resume("k1", 9));
  after(50, Tick{});
  now(hello(2, 9));
  EXPECT_EQ(now(beat(2, 0, {latch("k1")})), "");
}

TEST_F(Resume, OfOneOfTwoKillsKeepsTheInstanceStopped) {
  run();
  stop("k1");
  obey(kill("k2", "acme/*"));
  obey(resume("k1", 9));
  after(50, Tick{});
  now(hello(2, 9, {latch("k2")}));
  EXPECT_EQ(now(beat(2, 9, {latch("k2")})), "");
}

TEST_F(Resume, WaitsForTheStopCallback) {
  run();
  obey(kill("k1"));
  now(WorkStopped{1, 0, 0});
  obey(resume("k1", 9));
  after(50, Tick{});
  now(hello(2, 9));
  EXPECT_EQ(now(beat(2, 9)), "");
  EXPECT_EQ(now(CallbackReturned{1}), "start-work life=2 incarnation=9");
}

TEST_F(Resume, AKillAndAResumeThatWereBothMissedEndTheLife) {  // H34
  run();
  after(5'000, Tick{});
  EXPECT_EQ(now(beat(2, 9)), "raise-stop kill; stop-work 1 kill");
  EXPECT_EQ(after(50, Tick{}), "send-hello 2");
  EXPECT_EQ(now(hello(2, 9)), "send-beat 3");
  now(WorkStopped{1, 0, 0});
  now(CallbackReturned{1});
  EXPECT_EQ(now(beat(3, 9)), "start-work life=2 incarnation=9");
}

TEST_F(Resume, AKillThatIsSeenAfterAResumeThatCameLaterInTheLogStillEnds) {  // H27
  run_since_resume(9);
  schemas::Record late = kill("k1");
  late.seq = 7;  // its own resume, 8, was lost on its way
  EXPECT_EQ(obey(late),
            "raise-stop kill k1; check-order k1 | stop-work 2 kill; peer-killed acme/prod/mailer");
  EXPECT_EQ(after(5'000, Tick{}), "send-beat 3 stopped");
  EXPECT_EQ(now(beat(3, 9)), "");
  EXPECT_EQ(after(50, Tick{}), "send-hello 3");
  now(WorkStopped{2, 0, 0});
  now(CallbackReturned{2});
  now(hello(3, 9));
  EXPECT_EQ(now(beat(4, 9)), "start-work life=3 incarnation=9");
}

// Given before it was written (no place in the log), and overtaken by a newer resume: that one's
// incarnation says nothing of this kill, but its own resume does.
TEST_F(Resume, AKillThatANewerResumeOvertookEndsByItsOwn) {  // H27
  run_since_resume(9);
  obey(kill("k1"));
  now(WorkStopped{2, 0, 0});
  now(CallbackReturned{2});
  after(5'000, Tick{});
  EXPECT_EQ(now(beat(3, 9)), "");
  EXPECT_EQ(after(50, Tick{}), "");  // 9 was known before the kill: nobody resumed it yet
  EXPECT_EQ(obey(resume("k1", 8)), "check-order resume-of-k1 | peer-resumed acme/prod/mailer");
  after(5'000, Tick{});
  EXPECT_EQ(now(beat(4, 9)), "");
  EXPECT_EQ(after(50, Tick{}), "send-hello 3");
  EXPECT_EQ(now(hello(3, 9)), "send-beat 5");
  EXPECT_EQ(now(beat(5, 9)), "start-work life=3 incarnation=9");
}

// A resume that it had missed, and a new control that has not yet heard of the kill, end it too
// early: the next beat stops again.
TEST_F(Resume, AKillThatControlHadLostAndHoldsAgainStopsAgain) {  // rule 2
  run();
  stop("k1");
  now(OrderUnreadable{{schemas::Errc::kMalformed, ""}, true});
  now(hello(2, 9));
  EXPECT_EQ(now(beat(2, 9)), "start-work life=2 incarnation=9");
  after(5'000, Tick{});
  EXPECT_EQ(now(beat(3, 9, {latch("k1")})), "raise-stop kill k1; stop-work 2 kill");
}

TEST_F(Resume, AControlThatForgotThisInstanceIsGreetedAnew) {
  run();
  after(5'000, Tick{});
  now(beat(2, 0, {}, schemas::Errc::kNotFound));
  EXPECT_EQ(after(50, Tick{}), "send-hello 2");
  EXPECT_EQ(now(hello(2, 0)), "send-beat 3");
  EXPECT_EQ(now(beat(3, 0)), "");  // the same life goes on
}

TEST_F(Resume, ALogThatWentBackStops) {  // H29
  run();
  stop("k1");
  obey(resume("k1", 9));
  after(50, Tick{});
  now(hello(2, 9));
  now(beat(2, 9));
  now(OrderUnreadable{{schemas::Errc::kMalformed, ""}, true});
  EXPECT_EQ(now(hello(3, 4)), "raise-stop not-understood; stop-work 2 not-understood");
}

TEST_F(Lease, RunsFromTheSendingOfTheBeat) {  // H32
  run();
  after(5'000, Tick{});      // beat 2 is sent
  after(4'000, beat(2, 0));  // and answered late
  EXPECT_EQ(after(4'000, Tick{}), "send-beat 3");
  EXPECT_EQ(after(6'999, Tick{}), "send-beat 4");
  EXPECT_EQ(after(1, Tick{}),
            "alarm no-contact; raise-stop lost-contact; stop-work 1 lost-contact");
}

TEST_F(Lease, AnAnswerFromBeforeAFreezeDoesNotRenewIt) {  // H33
  run();
  after(5'000, Tick{});
  EXPECT_EQ(after(15'000, beat(2, 0)),
            "alarm no-contact; raise-stop lost-contact; stop-work 1 lost-contact");
  EXPECT_EQ(after(50, Tick{}), "send-hello 2");
}

TEST_F(Lease, ALostContactEndsByItselfWithoutAReceipt) {
  run();
  after(15'000, Tick{});
  now(WorkStopped{1, 0, 0});
  EXPECT_EQ(now(CallbackReturned{1}), "");
  after(50, Tick{});
  now(hello(2, 0));
  EXPECT_EQ(now(beat(2, 0)), "start-work life=2 incarnation=0");
}

TEST_F(Lease, AKillThatCameDuringALossOfContactHoldsAfterIt) {
  run();
  after(15'000, Tick{});
  now(WorkStopped{1, 0, 0});
  now(CallbackReturned{1});
  after(50, Tick{});
  EXPECT_EQ(now(hello(2, 0, {latch("k1")})),
            "raise-stop kill k1; send-receipt k1; send-beat 2 stopped");
  EXPECT_EQ(now(beat(2, 0, {latch("k1")})), "");
}

TEST_F(Lease, AnAgentThatMayContinueOnlyAlarms) {
  ObedienceConfig lax = config();
  lax.stop_on_lost_contact = false;
  core_.emplace(lax);
  run();
  EXPECT_EQ(after(15'000, Tick{}), "alarm no-contact");
}

TEST_F(Lease, AConnectionThatAnswersNothingIsMadeAnewThoughItLooksConnected) {
  run();
  EXPECT_EQ(after(7'000, Unanswered{}), "send-beat 2");
  EXPECT_EQ(now(Unanswered{}), "");
  EXPECT_EQ(now(Unanswered{}), "reconnect 3");
  now(Disconnected{});
  EXPECT_EQ(now(Unanswered{}), "");  // of the one that was left
}

TEST_F(Lease, AnyAnswerShowsThatTheConnectionWorksBothWays) {
  run();
  now(Unanswered{});
  now(Unanswered{});
  now(beat(99, 0));  // of an old beat, even
  EXPECT_EQ(now(Unanswered{}), "");
  EXPECT_EQ(now(HelloFailed{{schemas::Errc::kTimeout, ""}}), "");
  EXPECT_EQ(now(HelloFailed{{schemas::Errc::kTimeout, ""}}), "reconnect 3");
}

TEST_F(Lease, ASilentControlIsNotReconnectedToEverFaster) {
  run();
  std::vector<int> needed;
  for (int round = 0; round < 6; ++round) {
    int asked = 1;
    while (now(Unanswered{}).find("reconnect") == std::string::npos) ++asked;
    needed.push_back(asked);
    now(Disconnected{});
    now(Connected{});
  }
  EXPECT_EQ(needed, (std::vector<int>{3, 6, 12, 24, 48, 48}));
}

TEST_F(Lease, NothingIsSentWhileDisconnected) {  // H34
  run();
  now(Disconnected{});
  EXPECT_EQ(after(6'000, Tick{}), "");
  EXPECT_EQ(now(Connected{}), "send-beat 2");
}

// One op id may come with two scopes. A resume of the other one said that this was over, and the
// kill that came behind it was not obeyed before a beat's answer listed it.
TEST_F(Resume, OfAnotherScopeEndsNoKillOfTheSameOpId) {  // H56
  const struct {
    const char* resumed;
    bool stops;
  } rows[] = {{"acme/prod/mailer", false},
              {"acme/*", true},
              {"*", true},
              {"acme/prod/other", true},
              {"acme/prod/mailer@k3j9x2ab", true}};
  for (const auto& row : rows) {
    core_.emplace(config());
    run();
    obey(resume("k1", 9, row.resumed));
    const bool stopped = obey(kill("k1")).find("stop-work") != std::string::npos;
    EXPECT_EQ(stopped, row.stops) << row.resumed;
  }
}

TEST_F(Resume, OfAnotherScopeDoesNotMakeAnOlderAnswerEnoughForAHeldKill) {  // H27, H56
  run_since_resume(9);
  obey(kill("k1"));
  now(WorkStopped{2, 0, 0});
  now(CallbackReturned{2});
  obey(resume("k1", 8, "acme/*"));
  after(50, Tick{});
  after(5'000, Tick{});
  EXPECT_EQ(now(beat(3, 9)).find("start-work"), std::string::npos);
  EXPECT_EQ(after(50, Tick{}).find("send-hello"), std::string::npos);
}

TEST_F(Resume, OfOneOfTwoScopesOfAnOpIdLeavesTheOtherStanding) {
  run();
  stop("k1");
  obey(kill("k1", "acme/*"));
  obey(resume("k1", 9));
  after(50, Tick{});
  schemas::Latch wide = latch("k1");
  wide.scope = *schemas::Scope::parse("acme/*");
  now(hello(2, 9, {wide}));
  EXPECT_EQ(now(beat(2, 9, {wide})), "");
  obey(resume("k1", 10, "acme/*"));
  after(50, Tick{});
  now(hello(3, 10));
  EXPECT_EQ(now(beat(3, 10)), "start-work life=2 incarnation=10");
}

TEST_F(Resume, OfOthersDoesNotPushOutWhatIsRememberedOfOurs) {
  run();
  obey(resume("late", 9));
  for (int i = 0; i < 2'000; ++i) obey(resume("o" + std::to_string(i), 10, "acme/prod/other"));
  EXPECT_EQ(obey(kill("late")), " | peer-killed acme/prod/mailer");
}

}  // namespace
}  // namespace estop::agent
