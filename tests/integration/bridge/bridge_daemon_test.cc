// SPDX-License-Identifier: Apache-2.0

// The real estop-bridge on a real broker: opens only when admitted, forwards, fences, tells why.
// Hazards H3, H22, H24.
#include <gtest/gtest.h>

#include "schemas/codec.h"
#include "tests/integration/bridge/stage.h"

namespace estop::testing {
namespace {

class BridgeDaemonTest : public ::testing::Test {
 protected:
  void open() {
    stage.start_bridge();
    ASSERT_TRUE(stage.opens()) << stage.page("/readyz");
    ASSERT_TRUE(stage.until([&] { return stage.hears_intents(); }));
  }
  Stage stage;
};

TEST_F(BridgeDaemonTest, H24_WithoutControlItDoesNotSubscribeToIntents) {
  stage.granting = false;
  stage.start_bridge();
  ASSERT_TRUE(stage.until([&] { return stage.beats.size() >= 5; }));
  EXPECT_FALSE(stage.hears_intents());
  EXPECT_NE(stage.page("/readyz").find("503"), std::string::npos);
  EXPECT_NE(stage.page("/livez").find("200 OK"), std::string::npos);
  stage.granting = true;
  EXPECT_TRUE(stage.until([&] { return stage.hears_intents(); }));
}

TEST_F(BridgeDaemonTest, ItReadsTheLogBeforeItOpensAndForwardsWhatMayPass) {
  stage.publish(stage.log.kill("acme/prod/x", "k1"));
  ASSERT_TRUE(stage.committed());
  open();
  auto& x = stage.actor("acme/prod/x");
  auto& y = stage.actor("acme/prod/y");
  auto& z = stage.actor("acme/prod/z");
  stage.send(x, y, 3);
  stage.send(z, y, 5);
  EXPECT_TRUE(stage.until([&] { return y.delivered == 5 && x.refusals.size() == 3; }));
  EXPECT_NE(stage.page("/metrics").find("estop_bridge_intents_forwarded_total 5"),
            std::string::npos);
}

TEST_F(BridgeDaemonTest, ARefusalCarriesTheServiceErrorHeaders) {
  open();
  auto& x = stage.actor("acme/prod/x");
  auto& y = stage.actor("acme/prod/y");
  stage.publish(stage.log.kill("acme/prod/y", "k1"));
  ASSERT_TRUE(stage.until([&] { return !stage.receipts.empty(); }));
  stage.send(x, y);
  ASSERT_TRUE(stage.until([&] { return !x.refusals.empty(); }));
  EXPECT_EQ(x.refusals[0][0].second, "409");
  EXPECT_EQ(
      x.refusals[0][1].second,
      "acme/prod/y killed by alice since 2026-11-22T00:25:42Z: broken unsubscribe link (op k1)");
  EXPECT_EQ(x.refusals[0][2].second, "4090");
}

// It has read the whole log, and control signs another state of it.
TEST_F(BridgeDaemonTest, ASnapshotThatIsNotWhatItReadClosesItForGood) {
  open();
  stage.publish(stage.log.kill("acme/prod/x", "k1"));
  const auto publish_from = [&](std::uint64_t seq) {
    for (; seq <= stage.log.head().seq; ++seq) stage.publish(stage.log.records()[seq - 1]);
    return stage.committed();
  };
  ASSERT_TRUE(publish_from(stage.log.snapshot()));
  const auto applied = [&] {
    return !stage.beats.empty() && stage.beats.back().applied == stage.log.head();
  };
  ASSERT_TRUE(stage.until(applied));
  EXPECT_NE(stage.page("/readyz").find("200 OK"), std::string::npos);
  const auto forget_all = [](schemas::LogState& state) { state = {}; };
  ASSERT_TRUE(publish_from(stage.log.snapshot(forget_all)));
  const auto is_closed = [&] {
    return stage.bridge_log().find("is not what this bridge read") != std::string::npos;
  };
  ASSERT_TRUE(stage.until(is_closed)) << stage.bridge_log();
  EXPECT_NE(stage.page("/readyz").find("503"), std::string::npos);
}

TEST_F(BridgeDaemonTest, H22_AfterTheReceiptNoneOfAHundredThousandQueuedIntentsIsDelivered) {
  stage.lease_ms = 20'000;  // control, which is this process, is slow under a sanitizer
  open();
  auto& x = stage.actor("acme/prod/x");
  auto& y = stage.actor("acme/prod/y");
#ifdef __SANITIZE_THREAD__  // this process is control and both agents: too slow for so many
  constexpr int kQueued = 20'000;
#else
  constexpr int kQueued = 100'000;
#endif
  stage.send(x, y, kQueued);
  ASSERT_TRUE(stage.until([&] { return y.delivered > 100; }));
  stage.publish(stage.log.kill("acme/prod/x", "k1"));
  ASSERT_TRUE(stage.until([&] { return !stage.receipts.empty(); }));
  stage.settle();  // the broker routed the receipt behind everything that was forwarded
  const auto at_fence = y.delivered;
  EXPECT_EQ(at_fence, stage.receipts[0].forwarded_before);
  EXPECT_TRUE(  // sanitizers take their time over so many
      stage.until([&] { return x.refusals.size() + at_fence == kQueued; }, 4 * kPatience))
      << x.refusals.size() << " refused, " << at_fence << " delivered\n"
      << stage.bridge_log();
  stage.settle();
  EXPECT_EQ(y.delivered, at_fence);
  EXPECT_NE(stage.page("/metrics").find("estop_bridge_after_fence_total 0"), std::string::npos);
  RecordProperty("delivered_before_the_fence", static_cast<int>(at_fence));
  RecordProperty("latched_in_us", static_cast<int>(stage.receipts[0].latched_in_us));
}

TEST_F(BridgeDaemonTest, AResumeActsWhenTheHeadCoversItAndTheOldLifeStaysOut) {
  open();
  auto& x = stage.actor("acme/prod/x");
  auto& y = stage.actor("acme/prod/y");
  stage.publish(stage.log.kill("acme/prod/x", "k1"));
  const auto resumed = stage.log.resume("acme/prod/x", {"k1"});
  ASSERT_TRUE(stage.until([&] { return stage.receipts.size() == 1; }));
  stage.publish(resumed);
  ASSERT_TRUE(stage.committed());
  ASSERT_TRUE(stage.until([&] { return stage.receipts.size() == 2; }));
  EXPECT_EQ(stage.receipts[1].kind, schemas::RecordKind::kResume);
  stage.send(x, y, 2, 0);
  stage.send(x, y, 3, resumed.record.resume().incarnation);
  EXPECT_TRUE(stage.until([&] { return y.delivered == 3 && x.refusals.size() == 2; }));
  EXPECT_EQ(x.refusals[0][0].second, "410");
}

TEST_F(BridgeDaemonTest, H3_AReplySubjectOfAnAgentIsNeverUsed) {
  open();
  auto& x = stage.actor("acme/prod/x");
  auto& y = stage.actor("acme/prod/y");
  stage.publish(stage.log.kill("acme/prod/x", "k1"));
  ASSERT_TRUE(stage.until([&] { return !stage.receipts.empty(); }));
  ASSERT_TRUE(stage.committed());
  const auto& all = schemas::Subjects::standard();
  const auto stop = schemas::Segment::parse("kill").value();
  const auto alice = schemas::Segment::parse("alice").value();
  for (const auto& foreign :
       {all.command(alice, stop), all.control_all(), all.log(), all.lease(),
        all.js_stream_create(schemas::Subjects::control_stream()), all.receipt(alice)}) {
    stage.send(x, y, 1, 0, foreign);
  }
  EXPECT_TRUE(stage.until([&] { return x.refusals.size() == 6; }));
  EXPECT_EQ(stage.receipts.size(), 1U);
  bool unchanged = false;
  stage.stream->stream_info(nats::Millis(2'000), [&](const auto& info) {
    unchanged = info && info->messages == 2 && info->last_seq == 2;
  });
  EXPECT_TRUE(stage.until([&] { return unchanged; }));
  EXPECT_NE(stage.page("/metrics").find("estop_bridge_ignored_replies_total 6"), std::string::npos);
}

TEST_F(BridgeDaemonTest, ACleanStopSaysLeavingAndEndsWithZero) {
  open();
  stage.bridge.signal(SIGTERM);
  EXPECT_TRUE(stage.until([&] { return !stage.bridge.running(); }));
  EXPECT_TRUE(stage.bridge.wait(kPatience)->ok());
  EXPECT_TRUE(
      stage.until([&] { return stage.beats.back().state == schemas::BridgeState::kLeaving; }));
  EXPECT_FALSE(stage.hears_intents());
}

// Its beats show the kills that the log lacks. When they do not fit any more its lease ends: that
// is safe, and somebody has to be told why.
TEST(BridgeUnsent, WhatTheBrokerDoesNotTakeIsCountedAndLoggedOnceAMinute) {
  const auto keys = control::Keyring::generate();
  const std::size_t order_bytes = Stage::order(keys, "acme/prod/x", "k1").frame.size();
  Stage stage(order_bytes + 8);
  stage.start_bridge();
  ASSERT_TRUE(stage.opens()) << stage.page("/readyz");
  for (const char* what : {"beat", "receipt", "latched", "refusal"}) {
    const std::string series = "estop_bridge_unsent_total{what=\"" + std::string(what) + "\"} 0";
    EXPECT_NE(stage.page("/metrics").find(series), std::string::npos) << series;
  }
  stage.emergency(Stage::order(stage.keys, "acme/prod/x", "k1"));
  const auto unsent = [&] {
    const std::string page = stage.page("/metrics");
    const std::string series = "\nestop_bridge_unsent_total{what=\"beat\"} ";
    const auto at = page.find(series);
    return at == std::string::npos ? -1 : std::stoi(page.substr(at + series.size()));
  };
  EXPECT_TRUE(stage.until([&] { return unsent() >= 5; })) << stage.bridge_log();
  EXPECT_TRUE(stage.until([&] { return stage.page("/readyz").find("503") != std::string::npos; }));
  const std::string log = stage.bridge_log();
  const auto first = log.find("\"not-sent\"");
  ASSERT_NE(first, std::string::npos) << log;
  EXPECT_NE(log.find("\"what\":\"beat\"", first), std::string::npos) << log;
  EXPECT_EQ(log.find("\"not-sent\"", first + 1), std::string::npos) << log;
}

}  // namespace
}  // namespace estop::testing
