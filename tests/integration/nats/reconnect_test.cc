// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/nats/connection.h"

#include <csignal>
#include <filesystem>
#include <future>

#include "tests/integration/nats/fixture.h"
#include "tests/support/broker.h"
#include "tests/support/socket.h"
#include "tests/support/tcp_proxy.h"

namespace estop::nats {
namespace {

using estop::testing::Broker;
using estop::testing::TcpProxy;
using schemas::Errc;
using schemas::Result;

// A connection whose life is written down: "C" connected, "D" disconnected, "X" closed.
class ReconnectTest : public OneLoop {
 protected:
  ConnectionEvents recorded() {
    ConnectionEvents events;
    events.connected = [this] { life_ += 'C'; };
    events.disconnected = [this](const std::string& why) {
      life_ += 'D';
      why_ = why;
    };
    events.closed = [this](const std::string& why) {
      life_ += 'X';
      why_ = why;
    };
    return events;
  }

  [[nodiscard]] bool lives(const std::string& life) {
    return run_until([&] { return life_ == life; });
  }

  Broker broker_;
  std::string life_;
  std::string why_;
};

std::size_t arrived_before_the_reset(const estop::testing::Socket& socket) {
  std::size_t arrived = 0;
  ssize_t got = 1;
  for (std::string some(64 * 1024, 0); got > 0; arrived += got > 0 ? std::size_t(got) : 0)
    got = ::recv(socket.fd(), some.data(), some.size(), 0);
  EXPECT_EQ(errno, ECONNRESET);
  return arrived;
}

long open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

TEST_F(ReconnectTest, KeepsSubscriptionsAndReplaysNothing_H34) {
  const auto a = connected(broker_.url(), "alice", recorded());
  std::vector<std::string> seen;
  a->subscribe(event("x"), [&](const MessageView& m) { seen.emplace_back(m.data); });
  ASSERT_TRUE(settle(*a));
  broker_.kill();
  ASSERT_TRUE(lives("CD"));
  EXPECT_FALSE(a->publish(event("x"), "while down"));
  broker_.restart();
  ASSERT_TRUE(lives("CDC"));
  EXPECT_TRUE(a->publish(event("x"), "after"));
  ASSERT_TRUE(run_until([&] { return !seen.empty(); }));
  ASSERT_TRUE(settle(*a));
  EXPECT_EQ(seen, std::vector<std::string>{"after"});
}

TEST_F(ReconnectTest, SubscriptionsMadeAndEndedWhileDownAreHonoured) {
  const auto a = connected(broker_.url(), "alice", recorded());
  std::string seen;
  const auto old = a->subscribe(event("old"), [&](const MessageView&) { seen += 'o'; });
  ASSERT_TRUE(settle(*a));
  broker_.kill();
  ASSERT_TRUE(lives("CD"));
  a->unsubscribe(old);
  a->subscribe(event("new"), [&](const MessageView&) { seen += 'n'; });
  broker_.restart();
  ASSERT_TRUE(lives("CDC"));
  EXPECT_TRUE(a->publish(event("old"), ""));
  EXPECT_TRUE(a->publish(event("new"), ""));
  ASSERT_TRUE(settle(*a));
  EXPECT_EQ(seen, "n");
}

TEST_F(ReconnectTest, PendingRequestsEndWithNoContact) {
  const auto a = connected(broker_.url(), "alice", recorded());
  a->subscribe(event("silent"), [](const MessageView&) {});
  Errc code = Errc::kOk;
  a->request(event("silent"), "", Millis(60'000),
             [&](const Result<MessageView>& r) { code = r.error().code; });
  ASSERT_TRUE(settle(*a));
  broker_.kill();
  ASSERT_TRUE(run_until([&] { return code != Errc::kOk; }));
  EXPECT_EQ(code, Errc::kNoContact);
}

TEST_F(ReconnectTest, SurvivesManyRestartsWithTwoConnections) {
  const auto a = connected(broker_.url(), "alice", recorded());
  const auto b = connected(broker_.url(), "bob");
  int got = 0;
  b->subscribe(event("x"), [&](const MessageView&) { ++got; });
  std::string expected = "C";
  const auto descriptors = open_descriptors();
  for (int round = 1; round <= 5; ++round) {
    broker_.kill();
    ASSERT_TRUE(lives(expected += 'D'));
    broker_.restart();
    ASSERT_TRUE(lives(expected += 'C'));
    ASSERT_TRUE(run_until([&] { return b->is_connected(); }));
    ASSERT_TRUE(settle(*b));
    EXPECT_TRUE(a->publish(event("x"), ""));
    ASSERT_TRUE(run_until([&] { return got == round; }));
  }
  EXPECT_EQ(open_descriptors(), descriptors) << "a reconnect leaks a socket";
}

TEST_F(ReconnectTest, ASilentBrokerIsALostConnection) {
  TcpProxy proxy(broker_.port());
  const auto a = connected("nats://127.0.0.1:" + std::to_string(proxy.port()), "alice", recorded());
  ASSERT_TRUE(settle(*a));
  proxy.pause();
  ASSERT_TRUE(lives("CD")) << life_;
  proxy.cut();
  proxy.resume();
  proxy.reopen();
  EXPECT_TRUE(lives("CDC")) << life_;
}

// Each text ends in another place of a delivery: its name, its subject, its size, its payload.
TEST_F(ReconnectTest, AConnectionThatBrokeInTheMiddleOfAMessageIsForgottenWhole) {
  TcpProxy proxy(broker_.port());
  const auto a = connected("nats://127.0.0.1:" + std::to_string(proxy.port()), "alice", recorded());
  const auto b = connected(broker_.url(), "bob");
  std::vector<std::string> seen;
  a->subscribe(event("x"), [&](const MessageView& m) { seen.emplace_back(m.data); });
  std::string life = "C";
  std::vector<std::string> expected;
  for (const std::string broken_behind : {"MS", "MSG estop.ev", "1 7\r", "first-h"}) {
    ASSERT_TRUE(settle(*a));
    proxy.cut_behind(broken_behind);
    EXPECT_TRUE(b->publish(event("x"), "first-h"));
    b->flush();
    ASSERT_TRUE(lives(life += 'D')) << broken_behind << ": " << life_;
    ASSERT_TRUE(lives(life += 'C')) << broken_behind << ": " << life_ << ' ' << why_;
    ASSERT_TRUE(settle(*a));
    expected.push_back("after " + broken_behind);
    EXPECT_TRUE(b->publish(event("x"), expected.back()));
    b->flush();
    ASSERT_TRUE(run_until([&] { return seen.size() >= expected.size(); })) << life_;
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(life_, life);
  }
}

// Connecting blocks its thread.
TEST_F(ReconnectTest, TheLoopNeverWaitsForABrokerThatDoesNotAnswer) {
  TcpProxy proxy(broker_.port());
  const auto a = connected("nats://127.0.0.1:" + std::to_string(proxy.port()), "alice", recorded());
  const auto id = a->subscribe(event("x"), [](const MessageView&) {});
  ASSERT_TRUE(settle(*a));
  proxy.pause();
  ASSERT_TRUE(lives("CD"));
  const auto start = std::chrono::steady_clock::now();
  auto worst = Millis(0);
  while (std::chrono::steady_clock::now() - start < Millis(1'500)) {
    const auto turn = std::chrono::steady_clock::now();
    (void)a->publish(event("x"), "");  // while down, too
    a->unsubscribe(a->subscribe(event("y"), [](const MessageView&) {}));
    a->flush();
    a->poll();
    loop_.restart();
    loop_.run_one_for(Millis(1));
    worst = std::max(worst,
                     std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - turn));
  }
  a->unsubscribe(id);
  EXPECT_LT(worst, Millis(200));
  proxy.cut();
}

TEST_F(ReconnectTest, RetryWaitsForABrokerThatComesLater) {
  const auto url = broker_.url();
  broker_.stop();
  const auto a = make(url, "alice", recorded());
  int got = 0;
  a->subscribe(event("x"), [&](const MessageView&) { ++got; });
  ASSERT_TRUE(a->connect(true));
  EXPECT_FALSE(a->is_connected());
  broker_.restart();
  ASSERT_TRUE(lives("C"));
  EXPECT_TRUE(a->publish(event("x"), ""));
  EXPECT_TRUE(run_until([&] { return got == 1; }));
}

TEST_F(ReconnectTest, ClosingWhileTheBrokerIsGoneIsQuick) {
  auto a = connected(broker_.url(), "alice", recorded());
  broker_.kill();
  ASSERT_TRUE(lives("CD"));
  const auto start = std::chrono::steady_clock::now();
  a.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, Millis(1'500));
  EXPECT_EQ(life_, "CD");
}

TEST_F(ReconnectTest, ACredentialThatIsNoLongerAcceptedEndsItForGood) {
  const std::string users = "authorization { users = [ {user: a, password: p} ] }";
  Broker closed({.config = users});
  const auto a =
      connected("nats://a:p@127.0.0.1:" + std::to_string(closed.port()), "alice", recorded());
  ASSERT_TRUE(settle(*a));
  closed.kill();
  ASSERT_TRUE(lives("CD"));
  estop::testing::write_text(closed.folder().file("broker.conf"),
                             "authorization { users = [ {user: b, password: p} ] }");
  closed.restart();
  ASSERT_TRUE(lives("CDX")) << life_;
  EXPECT_NE(why_.find("uthorization"), std::string::npos) << why_;
  EXPECT_FALSE(a->is_connected());
}

// A broker as far as this needs one: it greets, and reads when it is told to.
class StubBroker {
 public:
  StubBroker() {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(listener_.fd(), reinterpret_cast<const sockaddr*>(&at), size), 0);
    EXPECT_EQ(::listen(listener_.fd(), 8), 0);
    ::getsockname(listener_.fd(), reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
  }
  [[nodiscard]] std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }
  // The next client, up to its first PING. Blocks.
  [[nodiscard]] estop::testing::Socket greet() const {
    estop::testing::Socket client(::accept(listener_.fd(), nullptr, nullptr));
    client.send("INFO {\"server_id\":\"S\",\"version\":\"2.9.10\",\"max_payload\":1048576}\r\n");
    std::string said;
    while (said.find("PING\r\n") == std::string::npos) said += client.receive(kPatience);
    client.send("PONG\r\n");
    return client;
  }

  static constexpr Millis kPatience{5'000};

 private:
  estop::testing::Socket listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  int port_ = 0;
};

// H22: a receipt on the next connection must not overtake intents on this one. nats.c sets
// SO_LINGER.
TEST_F(ReconnectTest, WhatTheKernelHoldsOfALostConnectionNeverArrives) {
  const StubBroker stub;
  auto greeting = std::async(std::launch::async, [&] { return stub.greet(); });
  const auto a = connected(stub.url(), "alice", recorded());
  estop::testing::Socket old = greeting.get();
  const std::string data(512 * 1024, 'x');
  for (int i = 0; i < 16; ++i) EXPECT_TRUE(a->publish(event("x"), data));
  a->flush();
  old.send("-ERR 'Stale Connection'\r\n");
  auto next = std::async(std::launch::async, [&] { return stub.greet(); });
  ASSERT_TRUE(lives("CDC")) << life_;
  const estop::testing::Socket fresh = next.get();
  std::size_t arrived = 0;
  ssize_t got = 1;
  for (std::string some(64 * 1024, 0); got > 0; arrived += got > 0 ? std::size_t(got) : 0)
    got = ::recv(old.fd(), some.data(), some.size(), 0);
  EXPECT_EQ(got, -1) << arrived << " bytes, and then a clean end";
  EXPECT_EQ(errno, ECONNRESET);
}

// Behind a queue that takes seconds to read, the answer to a ping comes late.
TEST_F(ReconnectTest, ABrokerThatSaysAnythingIsNotSilent) {
  const StubBroker stub;
  auto greeting = std::async(std::launch::async, [&] { return stub.greet(); });
  const auto a = connected(stub.url(), "alice", recorded());
  estop::testing::Socket busy = greeting.get();
  for (int i = 0; i < 30; ++i) {  // ten ping intervals, no PONG in any of them
    ASSERT_TRUE(busy.send("PING\r\n"));
    EXPECT_FALSE(run_until([] { return false; }, Millis(65)));
  }
  EXPECT_EQ(life_, "C") << why_;
  EXPECT_TRUE(lives("CD"));
  EXPECT_NE(why_.find("says nothing"), std::string::npos) << why_;
}

// H63. Something still comes in, so the broker is not silent; but nothing of ours arrives there.
TEST_F(ReconnectTest, AConnectionWhoseWayOutStandsStillIsLeftThoughBytesStillComeIn) {
  TcpProxy proxy(broker_.port());
  const auto b = connected(broker_.url(), "bob");
  unanswered_pings_max_ = kUnansweredPingsMax;
  const auto a = connected("nats://127.0.0.1:" + std::to_string(proxy.port()), "alice", recorded());
  int heard = 0;
  a->subscribe(event("x"), [&](const MessageView&) { ++heard; });
  ASSERT_TRUE(settle(*a));
  proxy.stall(TcpProxy::Way::kToServer);
  const auto left = [&] {
    EXPECT_TRUE(b->publish(event("x"), "still here"));
    return life_ == "CDC";
  };
  EXPECT_TRUE(run_until(left)) << life_;
  EXPECT_GT(heard, 0);
  EXPECT_TRUE(settle(*a)) << "the next connection goes both ways";
}

TEST_F(ReconnectTest, ABrokerThatGoesAwayIsLeftForTheOtherOneOfTheUrl) {
  Broker other;
  const std::string urls = broker_.url() + "," + other.url();
  other.stop();  // so that the first one is taken
  ConnectionEvents events = recorded();
  events.error = [this](const std::string& text) { why_ = text; };
  const auto a = connected(urls, "alice", events);
  bool heard = false;
  a->subscribe(event("x"), [&](const MessageView&) { heard = true; });
  ASSERT_TRUE(settle(*a));
  broker_.signal(SIGUSR2);  // lame duck; it closes nobody yet
  ASSERT_TRUE(run_until([&] { return why_.find("lame duck") != std::string::npos; })) << why_;
  EXPECT_TRUE(a->is_connected()) << "it serves until there is another one";
  EXPECT_EQ(life_, "C");
  other.restart();
  ASSERT_TRUE(lives("CDC")) << life_;
  const auto b = connected(other.url(), "bob");
  ASSERT_TRUE(settle(*a));
  EXPECT_TRUE(b->publish(event("x"), "over there"));
  EXPECT_TRUE(run_until([&] { return heard; }));
  broker_.kill();
  EXPECT_TRUE(settle(*a));
  EXPECT_EQ(life_, "CDC") << why_;
}

TEST_F(ReconnectTest, ABrokerThatGoesAwayAloneServesUntilItClosesTheConnection) {
  Broker short_lived({.config = "lame_duck_grace_period: \"1s\"\nlame_duck_duration: \"30s\"\n"});
  const auto a = connected(short_lived.url(), "alice", recorded());
  ASSERT_TRUE(settle(*a));
  short_lived.signal(SIGUSR2);
  EXPECT_TRUE(settle(*a)) << "while it drains";
  ASSERT_TRUE(lives("CD")) << life_;
  short_lived.kill();
  short_lived.restart();
  EXPECT_TRUE(lives("CDC")) << life_;
}

// A link that is slow and yet alive: the kernel never gives it up by itself.
TEST_F(ReconnectTest, WhatIsUnconfirmedOfAnAbandonedConnectionNeverArrives) {
  const StubBroker stub;
  auto greeting = std::async(std::launch::async, [&] { return stub.greet(); });
  const auto a = connected(stub.url(), "alice", recorded());
  estop::testing::Socket slow = greeting.get();
  EXPECT_TRUE(estop::testing::wait_until([&] { return a->unconfirmed_bytes() == 0; }));
  const std::string data(512 * 1024, 'x');
  std::size_t published = 0;
  for (; a->buffered_bytes() == 0; published += data.size()) {
    ASSERT_TRUE(a->publish(event("x"), data));
    a->flush();
  }
  std::size_t unconfirmed = 0;  // when the other kernel has taken what it takes
  EXPECT_TRUE(estop::testing::wait_until([&] {
    return std::exchange(unconfirmed, a->unconfirmed_bytes()) == a->unconfirmed_bytes();
  }));
  EXPECT_GT(unconfirmed, a->buffered_bytes());
  auto next = std::async(std::launch::async, [&] { return stub.greet(); });
  a->abandon("too slow");
  EXPECT_EQ(a->unconfirmed_bytes(), 0U);
  ASSERT_TRUE(lives("CDC")) << life_;
  const estop::testing::Socket fresh = next.get();
  EXPECT_EQ(a->unconfirmed_bytes(), 0U);
  const std::size_t arrived = arrived_before_the_reset(slow);
  // The heads of the messages, and a segment that was there before its confirmation.
  constexpr std::size_t kMore_bytes = 4 * 1024 + 64 * 1024;
  EXPECT_GT(unconfirmed, 4 * kMore_bytes);
  EXPECT_LE(arrived + unconfirmed, published + kMore_bytes) << unconfirmed << " unconfirmed";
}

// H57: a process that stood still between a publish and the write of its batch.
TEST_F(ReconnectTest, H57_NothingOfAGuardedBufferIsWrittenTooLate) {
  bool may_write = true;
  auto events = recorded();
  events.may_write = [&] { return may_write; };
  const auto a = connected(broker_.url(), "alice", std::move(events));
  const auto b = connected(broker_.url(), "bob");
  std::string seen;
  b->subscribe(event("out"), [&](const MessageView& m) { seen += m.data; });
  const std::string out = event("out").str();
  bool is_last_refused = false;
  a->subscribe(event("in"), [&](const MessageView& m) {
    EXPECT_TRUE(a->publish_guarded(out, m.data));
    if (m.data != "2") return;
    may_write = false;  // the thaw
    a->flush();         // a receipt, in the middle of the batch
    is_last_refused = !a->publish(event("out"), "3");
  });
  ASSERT_TRUE(settle(*a));
  ASSERT_TRUE(settle(*b));
  for (const char* data : {"1", "2"}) EXPECT_TRUE(b->publish(event("in"), data));
  b->flush();
  ASSERT_TRUE(lives("CDC")) << life_;
  EXPECT_TRUE(is_last_refused);
  EXPECT_NE(why_.find("may not be written"), std::string::npos) << why_;
  EXPECT_TRUE(a->publish(event("out"), "unguarded"));
  a->flush();
  ASSERT_TRUE(run_until([&] { return seen.ends_with("unguarded"); }));
  EXPECT_EQ(seen.find_first_of("23"), std::string::npos) << seen;
  EXPECT_EQ(life_, "CDC") << why_;
}

TEST_F(ReconnectTest, H57_OfAGuardedBufferTheRestThatTheSocketDidNotTakeIsNotWrittenTooLate) {
  const StubBroker stub;
  auto greeting = std::async(std::launch::async, [&] { return stub.greet(); });
  bool may_write = true;
  auto events = recorded();
  events.may_write = [&] { return may_write; };
  const auto a = connected(stub.url(), "alice", std::move(events));
  const estop::testing::Socket slow = greeting.get();
  const std::string data(512 * 1024, 'x');
  std::size_t published = 0;
  while (a->buffered_bytes() == 0) {
    ASSERT_TRUE(a->publish_guarded(event("x").str(), data));
    ASSERT_TRUE(a->publish(event("x"), data));  // behind the guarded one
    a->flush();
    published += 2 * data.size();
  }
  constexpr std::size_t kHeads_bytes = 4 * 1024;
  const std::size_t rest = a->buffered_bytes();
  EXPECT_GT(rest, 2 * kHeads_bytes);
  may_write = false;
  auto next = std::async(std::launch::async, [&] { return stub.greet(); });
  a->flush();  // as when the socket takes more
  EXPECT_TRUE(lives("CDC")) << life_;
  EXPECT_NE(why_.find("may not be written"), std::string::npos) << why_;
  EXPECT_LE(arrived_before_the_reset(slow), published - rest + kHeads_bytes);
  const estop::testing::Socket fresh = next.get();
  ASSERT_TRUE(a->publish(event("x"), "unguarded"));
  a->flush();
  EXPECT_EQ(a->buffered_bytes(), 0U);
}

TEST_F(ReconnectTest, AStalledBrokerStopsReadingInsteadOfGrowing) {
  TcpProxy proxy(broker_.port());
  const auto a = connected("nats://127.0.0.1:" + std::to_string(proxy.port()), "alice");
  ASSERT_TRUE(settle(*a));
  proxy.pause(TcpProxy::Way::kToServer);
  const std::string data(64 * 1024, 'x');
  int sent = 0;
  while (a->publish(event("x"), data)) ASSERT_LT(++sent, 10'000) << "no bound";
  EXPECT_LE(a->buffered_bytes(), std::size_t{66} * 1024 * 1024);
  proxy.cut();
}

}  // namespace
}  // namespace estop::nats
