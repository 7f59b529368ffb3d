// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/nats/jetstream.h"
#include "broker-bridge/nats/asio_loop.h"

#include "tests/integration/nats/fixture.h"
#include "tests/support/broker.h"

namespace estop::nats {
namespace {

using estop::testing::Broker;
using schemas::Errc;
using schemas::Result;

constexpr Millis kTimeout{5'000};

class JetStreamTest : public OneLoop {
 protected:
  void SetUp() override {
    connection_ = connected(broker_.url(), "control");
    js_ = std::make_unique<JetStream>(*connection_, subjects());
  }

  // Runs `call` with a callback and returns what the callback got.
  template <class T, class Call>
  Result<T> ask(Call&& call) {
    std::optional<Result<T>> answer;
    call([&answer](Result<T> result) { answer = std::move(result); });
    EXPECT_TRUE(run_until([&] { return answer.has_value(); }));
    return answer.value_or(schemas::fail(Errc::kTimeout));
  }
  Result<StreamInfo> ensure() {
    return ask<StreamInfo>([&](auto done) { js_->ensure_stream(kTimeout, done); });
  }
  Result<StreamInfo> info() {
    return ask<StreamInfo>([&](auto done) { js_->stream_info(kTimeout, done); });
  }
  Result<std::uint64_t> append(const std::string& data, std::uint64_t expected) {
    return ask<std::uint64_t>([&](auto done) { js_->append(data, expected, kTimeout, done); });
  }
  Result<void> purge(std::uint64_t before) {
    return ask<void>([&](auto done) { js_->purge(before, kTimeout, done); });
  }
  Result<std::string> get(std::uint64_t seq) {
    return ask<std::string>([&](auto done) { js_->get(seq, kTimeout, done); });
  }

  Broker broker_{{.config = {}, .jetstream = true}};
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<JetStream> js_;
};

TEST_F(JetStreamTest, MakesTheStreamOnceAndFindsItAgain) {
  const auto made = ensure();
  ASSERT_TRUE(made) << made.error();
  EXPECT_TRUE(made->fresh);
  const auto again = ensure();
  ASSERT_TRUE(again) << again.error();
  EXPECT_FALSE(again->fresh);
  EXPECT_EQ(again->created, made->created);
  EXPECT_EQ(again->last_seq, 0U);
}

TEST_F(JetStreamTest, AppendsOnlyBehindTheExpectedLastSequence) {
  ASSERT_TRUE(ensure());
  EXPECT_EQ(append("one", 0), 1U);
  EXPECT_EQ(append("not first", 0).error().code, Errc::kLogConflict);
  EXPECT_EQ(append("two", 1), 2U);
  EXPECT_EQ(append("late", 1).error().code, Errc::kLogConflict);
  EXPECT_EQ(append("early", 7).error().code, Errc::kLogConflict);
  EXPECT_EQ(info()->last_seq, 2U);
  EXPECT_EQ(info()->messages, 2U);
}

TEST_F(JetStreamTest, GetsAMessageByItsSequence) {
  ASSERT_TRUE(ensure());
  const std::string binary("\0\r\n\xFF", 4);
  ASSERT_TRUE(append(binary, 0));
  EXPECT_EQ(get(1), binary);
  EXPECT_EQ(get(2).error().code, Errc::kNotFound);
}

TEST_F(JetStreamTest, GetsAThousandMessagesInOnePipelinedWindow) {
  ASSERT_TRUE(ensure());
  constexpr std::uint64_t kMessages = 1'000;
  for (std::uint64_t i = 0; i < kMessages; ++i) {
    js_->append(std::to_string(i), i, kTimeout, [](const auto&) {});
  }
  ASSERT_TRUE(run_until([&] { return info()->last_seq == kMessages; }));
  std::uint64_t right = 0;
  for (std::uint64_t seq = 1; seq <= kMessages; ++seq) {
    js_->get(seq, kTimeout, [&right, seq](const Result<std::string>& got) {
      if (got && *got == std::to_string(seq - 1)) ++right;
    });
  }
  EXPECT_TRUE(run_until([&] { return right == kMessages; }));
}

TEST_F(JetStreamTest, AMissingStreamIsNotFoundAndTakesNothing) {
  EXPECT_EQ(info().error().code, Errc::kNotFound);
  EXPECT_EQ(append("x", 0).error().code, Errc::kStoreUnavailable);
}

// Only control may ask at all (the attack matrix), and it removes from the front alone.
TEST_F(JetStreamTest, NobodyCanDeleteOutOfTheLogOrRollItUp_H3) {
  ASSERT_TRUE(ensure());
  ASSERT_TRUE(append("kept", 0));
  EXPECT_TRUE(connection_->publish_built("$JS.API.STREAM.MSG.DELETE.CONTROL", R"({"seq":1})"));
  EXPECT_TRUE(connection_->publish(subjects().log(), "rolls up", {{"Nats-Rollup", "all"}}));
  ASSERT_TRUE(settle(*connection_));
  EXPECT_EQ(get(1), "kept");
  EXPECT_EQ(info()->last_seq, 1U);
}

TEST_F(JetStreamTest, WhatStandsBeforeASnapshotIsPurged) {
  ASSERT_TRUE(ensure());
  for (std::uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(append(std::to_string(i + 1), i));
  ASSERT_TRUE(purge(4));
  EXPECT_EQ(get(3).error().code, Errc::kNotFound);
  EXPECT_EQ(get(4), "4");
  EXPECT_EQ(info()->first_seq, 4U);
  EXPECT_EQ(append("6", 5), 6U);
}

// A stream that lost more than that begins anew, with the numbers of the records.
TEST_F(JetStreamTest, AnEmptiedStreamGoesOnWhereItIsTold) {
  for (const bool is_new : {true, false}) {
    SCOPED_TRACE(is_new);
    ASSERT_TRUE(ensure());
    const std::uint64_t first = is_new ? 100 : 200;
    ASSERT_TRUE(purge(first));
    EXPECT_EQ(info()->messages, 0U);
    EXPECT_EQ(append("first", 0), first);
    EXPECT_EQ(append("not the first", 0).error().code, Errc::kLogConflict);
    EXPECT_EQ(append("second", first), first + 1);
    EXPECT_EQ(append("late", first).error().code, Errc::kLogConflict);
    EXPECT_EQ(get(first), "first");
    EXPECT_EQ(info()->last_seq, first + 1);
  }
}

TEST_F(JetStreamTest, AStreamWithOtherSettingsIsRefused) {
  EXPECT_TRUE(
      connection_->publish(subjects().js_stream_create(schemas::Subjects::control_stream()),
                           R"({"name":"CONTROL","subjects":["estop.log"],"storage":"memory"})"));
  const auto result = ensure();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::kStoreUnavailable);
  EXPECT_NE(result.error().detail.find("storage"), std::string::npos) << result.error();
}

TEST_F(JetStreamTest, TheLogSurvivesABrokerThatIsKilled) {
  ASSERT_TRUE(ensure());
  ASSERT_TRUE(append("kept", 0));
  broker_.kill();
  ASSERT_TRUE(run_until([&] { return !connection_->is_connected(); }));
  broker_.restart();
  ASSERT_TRUE(run_until([&] { return connection_->is_connected(); }));
  EXPECT_EQ(get(1), "kept");
}

TEST(JetStreamOff, IsStoreUnavailable) {
  Broker broker;
  boost::asio::io_context loop{1};
  AsioLoop on_loop{loop};
  ConnectOptions options;
  options.url = broker.url();
  Connection connection(on_loop, options, inbox("control"), {});
  ASSERT_TRUE(connection.connect());
  JetStream js(connection, subjects());
  std::optional<Errc> code;
  js.ensure_stream(kTimeout, [&](const auto& result) { code = result.error().code; });
  while (!code && loop.run_one_for(kTimeout) > 0) {
  }
  EXPECT_EQ(code, Errc::kStoreUnavailable);
}

}  // namespace
}  // namespace estop::nats
