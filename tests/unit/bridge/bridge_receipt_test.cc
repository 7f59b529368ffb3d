// SPDX-License-Identifier: Apache-2.0

// A receipt is a barrier for one connection to AGENTS. What an earlier one forwarded may still lie
// in the broker's socket: nothing is confirmed before its lease is over. H58.
#include "tests/unit/bridge/bridge_fixture.h"

namespace estop::bridge {
namespace {

constexpr Nanos kWholeLease = 6'000 * kMs;  // bridge_options: to forward, and to arrive

using Ids = std::vector<std::string>;

struct Reconnecting : BridgeAtHand {
  void run_and_forward() {
    run_to_open();
    granted = now;
    ASSERT_EQ(send("acme/prod/x", "acme/prod/y"), "pass");
  }
  void lose_agents() { core.on_disconnected(Account::kAgents, now, effects); }
  void find_agents() { core.on_connected(Account::kAgents, now, effects); }
  // The receipts since the last look, by op id.
  Ids confirmed() {
    Ids ids;
    for (const SendReceipt& sent : all<SendReceipt>()) ids.push_back(sent.receipt.op_id);
    effects.clear();
    return ids;
  }
  // Until `time` after the opening; control answers every beat.
  void go_on_until(Nanos time) {
    while (now < granted + time) {
      pass(100 * kMs);
      lease();
    }
  }
  Nanos granted = 0;
};

class BridgeReceiptTest : public ::testing::Test, public Reconnecting {};

TEST_F(BridgeReceiptTest, H58_NoneGoesOverANewConnectionBeforeTheLeaseOfTheOldOneIsOver) {
  const struct {
    const char* when;
    void (*happen)(Reconnecting&);
  } rows[] = {
      {"confirmed over the old one",
       [](Reconnecting& t) {
         t.live(t.log.kill("acme/prod/x", "k1"));
         EXPECT_EQ(t.confirmed(), Ids{"k1"});
         t.lose_agents();
         t.find_agents();
       }},
      {"heard in between",
       [](Reconnecting& t) {
         t.lose_agents();
         t.live(t.log.kill("acme/prod/x", "k1"));
         t.find_agents();
       }},
      {"heard over the young one",
       [](Reconnecting& t) {
         t.lose_agents();
         t.find_agents();
         t.live(t.log.kill("acme/prod/x", "k1"));
       }},
      {"heard when it is open again",
       [](Reconnecting& t) {
         t.lose_agents();
         t.find_agents();
         t.go_on_until(1'000 * kMs);
         EXPECT_TRUE(t.core.is_open(t.now)) << t.core.contact().why_closed();
         t.live(t.log.kill("acme/prod/x", "k1"));
       }},
      {"lost twice",
       [](Reconnecting& t) {
         t.lose_agents();
         t.find_agents();
         t.live(t.log.kill("acme/prod/x", "k1"));
         t.lose_agents();
         t.find_agents();
       }},
      {"missed, and read from the log",
       [](Reconnecting& t) {
         t.lose_agents();
         t.find_agents();
         t.log.kill("acme/prod/x", "k1");
         t.lease();
         t.replay();
       }},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.when);
    Reconnecting bridge;
    bridge.run_and_forward();
    row.happen(bridge);
    bridge.go_on_until(kWholeLease - 200 * kMs);
    EXPECT_EQ(bridge.send("acme/prod/x", "acme/prod/y"), "sender-killed") << "it stops at once";
    EXPECT_EQ(bridge.confirmed(), Ids{});
    bridge.go_on_until(kWholeLease + 200 * kMs);
    EXPECT_EQ(bridge.confirmed(), Ids{"k1"}) << "once";
    bridge.live(bridge.log.kill("acme/prod/z", "k2"));
    EXPECT_EQ(bridge.confirmed(), Ids{"k2"}) << "and from then on at once";
  }
}

TEST_F(BridgeReceiptTest, AConnectionThatForwardedNothingHoldsUpNoReceipt) {
  run_to_open();
  lose_agents();
  live(log.kill("acme/prod/x", "k1"));
  EXPECT_EQ(confirmed(), Ids{});
  find_agents();
  EXPECT_EQ(confirmed(), Ids{"k1"});
}

TEST_F(BridgeReceiptTest, ALongTimeAfterTheOldLeaseItConfirmsAtOnce) {
  run_and_forward();
  lose_agents();
  pass(2 * kWholeLease);
  live(log.kill("acme/prod/x", "k1"));
  find_agents();
  EXPECT_EQ(confirmed(), Ids{"k1"});
}

TEST_F(BridgeReceiptTest, WhatWasLiftedMeanwhileIsNotConfirmed) {
  run_and_forward();
  lose_agents();
  find_agents();
  live(log.kill("acme/prod/x", "k1"));
  live(log.resume("acme/prod/x", {"k1"}));
  lease();
  effects.clear();
  pass(kWholeLease);
  EXPECT_EQ(confirmed(), Ids{});
}

// It has to keep them all, or control must not wait for them.
TEST_F(BridgeReceiptTest, WithMoreReceiptsThanItCanKeepItClosesAndIsCountedDown) {
  run_and_forward();
  lose_agents();
  find_agents();
  go_on_until(1'000 * kMs);
  ASSERT_TRUE(core.is_open(now));
  for (int i = 0; i < 4'097; ++i) {
    auto kill = log.record(schemas::Kill{});
    kill.op_id = "k" + std::to_string(i);
    kill.kill().scope = scope("acme/prod/x");
    core.on_log(schemas::sign_record(kill, log.key()).value().frame, now, effects);
  }
  EXPECT_FALSE(core.is_open(now));
  EXPECT_EQ(last<SendBeat>()->beat.state, schemas::BridgeState::kReplaying);
}

// The connection stands and takes no more: nothing else would ever confirm that kill.
TEST_F(BridgeReceiptTest, OneThatWasNotTakenGoesOutWithTheNextTick) {
  run_and_forward();
  live(log.kill("acme/prod/x", "k1"));
  const SendReceipt refused = *last<SendReceipt>();
  effects.clear();
  core.on_receipt_unsent(refused, now, effects);
  core.on_receipt_unsent(refused, now, effects);
  EXPECT_EQ(confirmed(), Ids{}) << "not at once: it would be refused again";
  pass(kMs);
  ASSERT_EQ(all<SendReceipt>().size(), 1U);
  EXPECT_EQ(last<SendReceipt>()->receipt, refused.receipt);
  effects.clear();
  pass(kMs);
  EXPECT_EQ(confirmed(), Ids{});
}

TEST_F(BridgeReceiptTest, OneOfAKillThatEndedOrOfAResumeIsNotSentAgain) {
  run_and_forward();
  live(log.kill("acme/prod/x", "k1"));
  const SendReceipt of_kill = *last<SendReceipt>();
  live(log.resume("acme/prod/x", {"k1"}));
  lease();
  const SendReceipt of_resume = *last<SendReceipt>();
  ASSERT_EQ(of_resume.receipt.kind, schemas::RecordKind::kResume);
  core.on_receipt_unsent(of_kill, now, effects);
  core.on_receipt_unsent(of_resume, now, effects);
  effects.clear();
  pass(kMs);
  EXPECT_EQ(confirmed(), Ids{});
}

}  // namespace
}  // namespace estop::bridge
