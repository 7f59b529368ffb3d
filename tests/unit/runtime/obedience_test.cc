// SPDX-License-Identifier: Apache-2.0

// Kills: seen in every state, forged, repeated, and the receipt at their end.
#include "tests/unit/runtime/instance.h"

namespace estop::agent {
namespace {

using Kill = Instance;
using Receipts = Instance;
using Silence = Instance;

TEST_F(Kill, AnInstanceRunsOnlyAfterHelloAndABeatWereAnswered) {
  EXPECT_EQ(now(Connected{}), "send-hello 1");
  EXPECT_EQ(now(hello(1, 0)), "send-beat 1");
  EXPECT_EQ(now(beat(1, 0)), "start-work life=1 incarnation=0; become-ready");
}

TEST_F(Kill, TheFlagIsRaisedBeforeTheSignatureIsLookedAt) {
  run();
  EXPECT_EQ(now(OrderSeen{kill("k1")}), "raise-stop kill k1; check-order k1");
  EXPECT_EQ(now(OrderChecked{kill("k1"), true}), "stop-work 1 kill; peer-killed acme/prod/mailer");
}

TEST_F(Kill, AForgedKillIsUndoneAndAlarms) {  // H30
  run();
  now(OrderSeen{kill("forged")});
  EXPECT_EQ(now(OrderChecked{kill("forged"), false}), "alarm bad-signature; lower-stop");
}

TEST_F(Kill, AForgedKillDoesNotUndoARealOne) {
  run();
  stop("real");
  after(1, OrderSeen{kill("forged")});
  EXPECT_EQ(now(OrderChecked{kill("forged"), false}), "alarm bad-signature");
}

TEST_F(Kill, ScopesThatCoverThisInstanceStopItAndNoOthers) {
  const struct {
    const char* scope;
    bool stops;
  } rows[] = {
      {"*", true},
      {"acme/*", true},
      {"acme/prod/*", true},
      {"acme/prod/mailer", true},
      {"acme/prod/mailer@k3j9x2ab", true},
      {"acme/prod/mailer@k3j9x2ac", false},
      {"acme/prod/mailer2", false},
      {"acme/pro/*", false},
      {"acm/*", false},
  };
  for (const auto& row : rows) {
    core_.emplace(config());
    run();
    const bool stopped = obey(kill("k", row.scope)).find("stop-work") != std::string::npos;
    EXPECT_EQ(stopped, row.stops) << row.scope;
  }
}

TEST_F(Kill, TheReceiptWaitsForEveryHandlerAndForTheCallback) {  // H47
  run();
  obey(kill("k1"));
  EXPECT_EQ(now(WorkStopped{1, 2, 7}), "");
  EXPECT_EQ(now(CallbackReturned{1}), "");
  EXPECT_EQ(after(3, HandlersEnded{1}), "send-receipt k1");
  const auto& receipt = std::get<SendReceipt>(effects_.at(0)).receipt;
  EXPECT_EQ(receipt.handlers_cancelled, 2U);
  EXPECT_EQ(receipt.intents_dropped, 7U);
  EXPECT_EQ(receipt.stopped_in_us, 3'000U);
}

TEST_F(Kill, WorkThatOutlivesTheGraceIsReportedAndAgainWhenItEnds) {
  run();
  obey(kill("k1"));
  now(WorkStopped{1, 1, 0});
  now(CallbackReturned{1});
  EXPECT_EQ(core_->next_deadline(), now_ + ms(1'000));
  EXPECT_EQ(after(1'000, Tick{}), "send-receipt k1 overdue");
  EXPECT_EQ(after(1, Tick{}), "");
  EXPECT_EQ(after(400, HandlersEnded{1}), "send-receipt k1");
}

TEST_F(Kill, TheSameKillAgainOnlyRepeatsTheReceipt) {  // H28
  run();
  obey(kill("k1"));
  EXPECT_EQ(now(OrderSeen{kill("k1")}), "");
  now(WorkStopped{1, 0, 0});
  EXPECT_EQ(now(CallbackReturned{1}), "send-receipt k1");
  EXPECT_EQ(now(OrderSeen{kill("k1")}), "send-receipt k1");
}

TEST_F(Kill, ASecondKillOfAStoppedInstanceIsConfirmedAtOnce) {
  run();
  stop("k1");
  EXPECT_EQ(obey(kill("k2", "acme/*")), "check-order k2 | send-receipt k2; peer-killed acme/*");
}

TEST_F(Kill, AKillBeforeTheFirstHelloStops) {
  EXPECT_EQ(now(Connected{}), "send-hello 1");
  EXPECT_EQ(obey(kill("k1")),
            "raise-stop kill k1; check-order k1 | send-receipt k1; peer-killed acme/prod/mailer");
  now(hello(1, 0));
  now(hello(2, 0, {latch("k1")}));
  EXPECT_EQ(now(beat(1, 0)), "become-ready");  // and no start-work
}

TEST_F(Kill, AnInstanceBornUnderAKillStartsStoppedAndConfirms) {
  now(Connected{});
  EXPECT_EQ(now(hello(1, 0, {latch("old")})),
            "raise-stop kill old; send-receipt old; send-beat 1 stopped");
  EXPECT_EQ(now(beat(1, 0, {latch("old")})), "become-ready");
}

TEST_F(Kill, AKillThatWasLostArrivesWithTheBeat) {  // H26
  run();
  EXPECT_EQ(after(5'000, Tick{}), "send-beat 2");
  EXPECT_EQ(now(beat(2, 0, {latch("lost")})), "raise-stop kill lost; stop-work 1 kill");
}

TEST_F(Kill, ARefusalByABridgeIsAReasonToAskControl) {
  run();
  EXPECT_EQ(now(Doubted{schemas::Errc::kActionDenied}), "");
  EXPECT_EQ(now(Doubted{schemas::Errc::kOldIncarnation}), "send-beat 2");
  EXPECT_EQ(now(Doubted{schemas::Errc::kOldIncarnation}), "");  // one question at a time
}

TEST_F(Kill, ReceiptsAreRepeatedAfterAReconnect) {
  run();
  stop("k1");
  now(Disconnected{});
  EXPECT_EQ(now(Connected{}), "send-receipt k1; send-beat 2 stopped");
}

TEST_F(Kill, OfSomebodyElseIsPassedOnOnceItIsVerified) {
  run();
  EXPECT_EQ(obey(kill("k", "acme/prod/other")), "check-order k | peer-killed acme/prod/other");
  now(OrderSeen{kill("f", "acme/prod/other")});
  EXPECT_EQ(now(OrderChecked{kill("f", "acme/prod/other"), false}), "alarm bad-signature");
}

TEST_F(Kill, AnOrderOfANewerEstopStops) {  // H45
  run();
  EXPECT_EQ(now(OrderUnreadable{{schemas::Errc::kUnknownType, ""}, true}),
            "alarm unknown-type; raise-stop not-understood; stop-work 1 not-understood");
}

TEST_F(Kill, ADamagedOrderIsAskedAboutAtOnce) {
  run();
  EXPECT_EQ(now(OrderUnreadable{{schemas::Errc::kMalformed, ""}, true}),
            "alarm malformed; send-hello 2");
}

TEST_F(Kill, WhatControlDidNotSignAndNobodyCanReadIsIgnored) {
  using schemas::Errc;
  run();
  for (const Errc code : {Errc::kMalformed, Errc::kUnknownType, Errc::kUnknownVersion,
                          Errc::kTooLarge, Errc::kTrailingBytes}) {
    EXPECT_EQ(now(OrderUnreadable{{code, ""}, false}), "alarm bad-signature") << code;
  }
}

TEST_F(Kill, ARevokedCredentialEndsTheSession) {
  run();
  EXPECT_EQ(now(SessionLost{{schemas::Errc::kUnauthenticated, "revoked"}}),
            "end-session unauthenticated; raise-stop session-ended; stop-work 1 session-ended");
  now(WorkStopped{1, 0, 0});
  EXPECT_EQ(now(CallbackReturned{1}), "");
}

// Nothing but a new hello or connection sent it again: a kill stayed unconfirmed for as long as
// both held.
TEST_F(Receipts, OneThatTheConnectionDidNotTakeGoesOutBehindTheNextAnswer) {
  run();
  stop("k1");
  now(ReceiptUnsent{});
  EXPECT_EQ(after(5'000, Tick{}), "send-beat 2 stopped");
  EXPECT_EQ(now(beat(2, 0, {latch("k1")})), "send-receipt k1");
  EXPECT_EQ(after(5'000, Tick{}), "send-beat 3 stopped");
  EXPECT_EQ(now(beat(3, 0, {latch("k1")})), "");
}

TEST_F(Silence, AnAnswerThatIsNoUseIsToldOnce) {
  const schemas::Error broken{schemas::Errc::kTooLarge, "too large"};
  run();
  after(5'000, Tick{});
  EXPECT_EQ(now(BeatUnreadable{broken}), "alarm too-large");
  EXPECT_EQ(now(BeatUnreadable{broken}), "");
  EXPECT_EQ(now(BeatUnreadable{{schemas::Errc::kMalformed, ""}}), "alarm malformed");
  now(beat(2, 0));
  EXPECT_EQ(now(BeatUnreadable{broken}), "alarm too-large") << "after one that was of use";
  EXPECT_EQ(now(HelloFailed{{schemas::Errc::kStoreUnavailable, ""}}), "alarm store-unavailable");
  EXPECT_EQ(now(HelloFailed{{schemas::Errc::kTimeout, ""}}), "") << "the lease tells silence";
  EXPECT_EQ(now(HelloFailed{{schemas::Errc::kNoContact, ""}}), "");
}

}  // namespace
}  // namespace estop::agent
