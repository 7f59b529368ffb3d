// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/nats/connection.h"

#include "broker-bridge/nats/asio_loop.h"
#include "broker-bridge/nats/blocking.h"
#include "tests/integration/nats/fixture.h"
#include "tests/support/broker.h"
#include "tests/support/raw_nats.h"

namespace estop::nats {
namespace {

using estop::testing::Broker;
using estop::testing::RawNats;
using schemas::Errc;
using schemas::Result;

class ConnectionTest : public OneLoop {
 protected:
  std::unique_ptr<Connection> alice() { return connected(broker_.url(), "alice"); }
  std::unique_ptr<Connection> bob() { return connected(broker_.url(), "bob"); }

  // Answers every request on `subject` with what it was sent.
  void echo(Connection& connection, const schemas::Subject& subject) {
    connection.subscribe(subject, [&connection](const MessageView& message) {
      EXPECT_TRUE(connection.publish_built(std::string(message.reply), message.data));
    });
  }

  // Sent by the broker so far, as its monitor says; -1 if it does not.
  [[nodiscard]] long messages_out() const {
    const std::string key = "\"out_msgs\": ";
    const auto varz = broker_.monitor("/varz");
    const auto at = varz.find(key);
    return at == std::string::npos ? -1 : std::stol(varz.substr(at + key.size()));
  }

  Broker broker_;
};

TEST_F(ConnectionTest, PassesAMessageWithItsHeadersAndReply) {
  const auto a = alice();
  const auto b = bob();
  std::vector<std::string> seen;
  b->subscribe(event("x"), [&](const MessageView& m) {
    seen = {std::string(m.subject), std::string(m.reply), std::string(m.data),
            m.header("Key").value_or("none"), m.header("Other").value_or("none")};
  });
  ASSERT_TRUE(settle(*b));
  EXPECT_TRUE(a->publish(event("x"), "data", {{"Key", "value"}}, event("answer")));
  ASSERT_TRUE(run_until([&] { return !seen.empty(); }));
  EXPECT_EQ(seen, (std::vector<std::string>{"estop.event.x", "estop.event.answer", "data", "value",
                                            "none"}));
}

TEST_F(ConnectionTest, CarriesEmptyAndBinaryPayloads) {
  const auto a = alice();
  std::vector<std::string> seen;
  a->subscribe(event("x"), [&](const MessageView& m) { seen.emplace_back(m.data); });
  const std::string binary("\0\r\n\xFF", 4);
  EXPECT_TRUE(a->publish(event("x"), ""));
  EXPECT_TRUE(a->publish(event("x"), binary));
  ASSERT_TRUE(run_until([&] { return seen.size() == 2; }));
  EXPECT_EQ(seen, (std::vector<std::string>{"", binary}));
}

TEST_F(ConnectionTest, SharesAQueueGroup) {
  const auto a = alice();
  const auto b = bob();
  int got_a = 0;
  int got_b = 0;
  a->queue_subscribe(event("x"), segment("q"), [&](const MessageView&) { ++got_a; });
  b->queue_subscribe(event("x"), segment("q"), [&](const MessageView&) { ++got_b; });
  ASSERT_TRUE(settle(*a));
  ASSERT_TRUE(settle(*b));
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(a->publish(event("x"), "1"));
  ASSERT_TRUE(run_until([&] { return got_a + got_b == 200; }));
  EXPECT_GT(got_a, 0);
  EXPECT_GT(got_b, 0);
}

TEST_F(ConnectionTest, AnswersARequest) {
  const auto a = alice();
  const auto b = bob();
  echo(*b, event("echo"));
  ASSERT_TRUE(settle(*b));
  std::string answer;
  std::string reply_subject;
  a->request(event("echo"), "hello", Millis(2'000), [&](const Result<MessageView>& result) {
    answer = result ? std::string(result->data) : schemas::to_string(result.error());
    reply_subject = result ? result->subject : "";
  });
  ASSERT_TRUE(run_until([&] { return !answer.empty(); }));
  EXPECT_EQ(answer, "hello");
  EXPECT_TRUE(subjects().honoured_reply("alice", reply_subject)) << reply_subject;
}

TEST_F(ConnectionTest, KeepsManyRequestsApart) {
  const auto a = alice();
  const auto b = bob();
  echo(*b, event("echo"));
  ASSERT_TRUE(settle(*b));
  int right = 0;
  for (int i = 0; i < 500; ++i) {
    const auto text = std::to_string(i);
    a->request(event("echo"), text, Millis(5'000), [&right, text](const Result<MessageView>& r) {
      if (r && r->data == text) ++right;
    });
  }
  EXPECT_TRUE(run_until([&] { return right == 500; }));
}

TEST_F(ConnectionTest, SaysTimeoutWhenNobodyAnswers) {
  const auto a = alice();
  a->subscribe(event("silent"), [](const MessageView&) {});
  std::vector<Errc> codes;
  for (const int ms : {60, 20, 40}) {
    a->request(event("silent"), "?", Millis(ms),
               [&](const Result<MessageView>& r) { codes.push_back(r.error().code); });
  }
  ASSERT_TRUE(run_until([&] { return codes.size() == 3; }));
  EXPECT_EQ(codes, (std::vector<Errc>(3, Errc::kTimeout)));
}

TEST_F(ConnectionTest, SaysNoContactAtOnceForTheOneRequestThatNobodyCanHear) {
  const auto a = alice();
  a->subscribe(event("silent"), [](const MessageView&) {});
  std::vector<std::pair<std::string, Errc>> ended;
  const auto ask = [&](const std::string& kind, Millis timeout) {
    a->request(event(kind), "?", timeout, [&ended, kind](const Result<MessageView>& r) {
      ended.emplace_back(kind, r.error().code);
    });
  };
  ask("silent", Millis(300));
  ask("nobody", Millis(5'000));
  ASSERT_TRUE(run_until([&] { return ended.size() == 2; }));
  EXPECT_EQ(ended[0], std::pair(std::string("nobody"), Errc::kNoContact));
  EXPECT_EQ(ended[1], std::pair(std::string("silent"), Errc::kTimeout));
}

TEST_F(ConnectionTest, StreamsAnswersUntilTheAskerHasEnough) {
  const auto a = alice();
  const auto b = bob();
  b->subscribe(event("count"), [&](const MessageView& m) {
    for (int i = 0; i < 10; ++i)
      EXPECT_TRUE(b->publish_built(std::string(m.reply), std::to_string(i)));
  });
  ASSERT_TRUE(settle(*b));
  std::vector<std::string> seen;
  a->request_many(event("count"), "", Millis(2'000), [&](const Result<MessageView>& r) {
    seen.emplace_back(r ? r->data : "error");
    return seen.size() < 4;
  });
  ASSERT_TRUE(run_until([&] { return seen.size() == 4; }));
  ASSERT_TRUE(settle(*a));
  EXPECT_EQ(seen, (std::vector<std::string>{"0", "1", "2", "3"}));
}

TEST_F(ConnectionTest, UnsubscribeInAHandlerDropsWhatWasAlreadyRead) {
  const auto a = alice();
  int got = 0;
  Connection::SubscriptionId id = 0;
  id = a->subscribe(event("x"), [&](const MessageView&) {
    if (++got == 3) a->unsubscribe(id);
  });
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(a->publish(event("x"), "1"));
  ASSERT_TRUE(settle(*a));
  EXPECT_EQ(got, 3);
}

TEST_F(ConnectionTest, SubscribeInAHandlerWorks) {
  const auto a = alice();
  int got = 0;
  a->subscribe(event("first"), [&](const MessageView&) {
    a->subscribe(event("second"), [&](const MessageView&) { ++got; });
    EXPECT_TRUE(a->publish(event("second"), ""));
  });
  EXPECT_TRUE(a->publish(event("first"), ""));
  EXPECT_TRUE(run_until([&] { return got == 1; }));
}

TEST_F(ConnectionTest, CloseInAHandlerEndsTheBatch) {
  const auto a = alice();
  int got = 0;
  a->subscribe(event("x"), [&](const MessageView&) {
    ++got;
    a->close();
  });
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(a->publish(event("x"), "1"));
  ASSERT_TRUE(run_until([&] { return got > 0; }));
  EXPECT_EQ(got, 1);
  EXPECT_FALSE(a->is_connected());
  EXPECT_FALSE(a->publish(event("x"), "1"));
}

TEST_F(ConnectionTest, DestroyingTheConnectionInItsHandlerIsSafe) {
  auto a = alice();
  int got = 0;
  a->subscribe(event("x"), [&](const MessageView&) {
    ++got;
    a.reset();
  });
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(a->publish(event("x"), "1"));
  ASSERT_TRUE(run_until([&] { return a == nullptr; }));
  EXPECT_EQ(got, 1);
}

TEST_F(ConnectionTest, CloseInAnAnswerIsSafe) {
  auto a = alice();
  a->request(event("nobody"), "", Millis(1'000), [&](const Result<MessageView>&) { a.reset(); });
  EXPECT_TRUE(run_until([&] { return a == nullptr; }));
}

TEST_F(ConnectionTest, HandlesEarlierSubscriptionsOfABatchFirst) {
  const auto a = alice();
  const auto b = bob();
  std::string order;
  b->subscribe(event("control"), [&](const MessageView&) { order += 'c'; });
  b->subscribe(event("data"), [&](const MessageView&) { order += 'd'; });
  ASSERT_TRUE(settle(*b));
  const auto before = messages_out();
  EXPECT_TRUE(a->publish(event("data"), ""));
  EXPECT_TRUE(a->publish(event("control"), ""));
  a->flush();
  // Both wait in the socket before the one read.
  ASSERT_TRUE(estop::testing::wait_until([&] { return messages_out() == before + 2; }));
  ASSERT_TRUE(run_until([&] { return order.size() == 2; }));
  EXPECT_EQ(order, "cd");
}

TEST_F(ConnectionTest, RelaysAHundredThousandMessagesInOrder) {
  const auto relay = alice();
  const auto far = bob();
  relay->subscribe(event("in"), [&](const MessageView& m) {
    EXPECT_TRUE(relay->publish(event("out"), m.data));
  });
  int next = 0;
  bool ordered = true;
  far->subscribe(event("out"), [&](const MessageView& m) {
    ordered = ordered && m.data == std::to_string(next);
    ++next;
  });
  ASSERT_TRUE(settle(*relay));
  ASSERT_TRUE(settle(*far));
  constexpr int kMessages = 100'000;
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_TRUE(far->publish(event("in"), std::to_string(i)));
    if (i % 1'000 == 0) loop_.poll();
  }
  far->flush();
  ASSERT_TRUE(run_until([&] { return next == kMessages; }, Millis(30'000))) << next;
  EXPECT_TRUE(ordered);
}

TEST_F(ConnectionTest, PollHandlesWhatWaitsInTheSocket) {
  const auto a = alice();
  const auto b = bob();
  int got = 0;
  b->subscribe(event("x"), [&](const MessageView&) { ++got; });
  ASSERT_TRUE(settle(*b));
  EXPECT_TRUE(a->publish(event("x"), ""));
  a->flush();
  EXPECT_TRUE(estop::testing::wait_until([&] {
    b->poll();
    return got == 1;
  }));
}

TEST_F(ConnectionTest, RefusesWhatIsTooLargeForTheBroker) {
  const auto a = alice();
  EXPECT_FALSE(a->publish(event("x"), std::string(2 * 1024 * 1024, 'x')));
  EXPECT_TRUE(a->publish(event("x"), "small"));
}

TEST_F(ConnectionTest, NobodyThereIsNoContactAndNamesTheUrl) {
  const auto url = broker_.url();
  broker_.stop();
  const auto result = make(url, "alice")->connect();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::kNoContact);
  EXPECT_NE(result.error().detail.find(url), std::string::npos) << result.error();
}

TEST_F(ConnectionTest, BlockingClientAsksAndWaits) {
  const auto b = bob();
  echo(*b, event("echo"));
  ASSERT_TRUE(settle(*b));
  ConnectOptions options;
  options.url = broker_.url();
  BlockingClient client(options, inbox("carol"));
  ASSERT_TRUE(client.connect());
  const auto nobody = client.request(event("nobody"), "", Millis(1'000));
  EXPECT_EQ(nobody.error().code, Errc::kNoContact);
  bool got = false;
  client.subscribe(event("x"), [&](const MessageView&) { got = true; });
  EXPECT_TRUE(client.publish(event("x"), ""));
  EXPECT_TRUE(client.run_until([&] { return got; }, Millis(5'000)));
  client.stop();
  EXPECT_EQ(client.request(event("echo"), "", Millis(60'000)).error().detail, "stopped");
}

TEST(ConnectionCredentials, WrongPasswordIsUnauthenticated) {
  Broker broker({.config = "authorization { user: a, password: right }"});
  boost::asio::io_context loop{1};
  AsioLoop on_loop{loop};
  ConnectOptions options;
  options.url = "nats://a:wrong@127.0.0.1:" + std::to_string(broker.port());
  Connection connection(on_loop, options, inbox("a"), {});
  const auto result = connection.connect();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::kUnauthenticated) << result.error();
  EXPECT_EQ(result.error().detail.find("wrong"), std::string::npos) << "a secret in the error";
}

TEST(RawNatsTest, SeesWhatTheBrokerSays) {
  Broker broker;
  auto raw = RawNats::connect(broker.port());
  ASSERT_TRUE(raw) << raw.error();
  raw->subscribe("a.b", 1);
  raw->publish("a.b", "hi");
  EXPECT_EQ(raw->drain(), "MSG a.b 1 2\nhi\n");
}

}  // namespace
}  // namespace estop::nats
