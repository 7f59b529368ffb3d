// SPDX-License-Identifier: Apache-2.0

// Clients that take what they can: time, places, memory.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <atomic>
#include <cstring>
#include <list>
#include <optional>
#include <vector>

#include <boost/asio/post.hpp>

#include "broker-bridge/daemon/http_peer.h"
#include "tests/unit/daemon/serving.h"

namespace estop::daemon {
namespace {

using estop::testing::kLast;
using estop::testing::kNext;
using estop::testing::Serving;
using estop::testing::Socket;
using estop::testing::wait_until;
using std::chrono::milliseconds;
using namespace std::string_literals;

constexpr std::size_t kLarge_bytes = 8 * 1024 * 1024;  // more than a socket takes

class ListenerLimitsTest : public ::testing::Test {
 protected:
  void serve(const HttpLimits& limits) {
    ListenOptions options;
    options.limits = limits;
    HttpRoutes routes;
    routes.add("GET", "/page",
               [](const HttpRequest&, HttpResponder to) { to.answer(text_answer(200, "ok")); });
    routes.add("POST", "/page", [](const HttpRequest& request, HttpResponder to) {
      to.answer(text_answer(200, request.body));
    });
    routes.add("GET", "/large", [](const HttpRequest&, HttpResponder to) {
      to.answer(text_answer(200, std::string(kLarge_bytes, 'x')));
    });
    routes.add("GET", "/never", [this](const HttpRequest&, HttpResponder to) {
      kept_.push_back(std::move(to));
      ++asked_;
    });
    routes.add("GET", "/block", [this](const HttpRequest&, HttpResponder to) {
      ++asked_;
      EXPECT_TRUE(wait_until([&] { return may_go_on_.load(); }));
      to.answer(text_answer(200, "ok"));
    });
    routes.add("GET", "/stream", [this](const HttpRequest&, HttpResponder to) {
      streams_.push_back(to.stream({}));
      ++asked_;
    });
    serving_.emplace(std::move(options), std::move(routes));
  }
  void TearDown() override {
    may_go_on_ = true;
    serving_->stop();
  }
  bool asked(int count) {
    return wait_until([&] { return asked_ == count; });
  }
  bool has_connections(std::size_t count) {
    return wait_until([&] { return serving_->listener().connections() == count; });
  }

  std::atomic<int> asked_ = 0;
  std::atomic<bool> may_go_on_ = false;
  std::list<HttpResponder> kept_;
  std::list<HttpStream> streams_;
  std::optional<Serving> serving_;
};

TEST_F(ListenerLimitsTest, AHeadThatComesByteByByteHasItsTime) {
  HttpLimits limits;
  limits.header_ms = milliseconds(200);
  serve(limits);
  Socket slow = serving_->connect();
  const std::string head = "GET /page HTTP/1.1\r\nHost: x\r\nX: " + std::string(5'000, 'x');
  for (const char byte : head) {
    pollfd answer{slow.fd(), POLLIN, 0};
    if (!slow.send({&byte, 1}) || ::poll(&answer, 1, 5) > 0) break;
  }
  EXPECT_TRUE(Serving::read_to_end(slow).starts_with("HTTP/1.1 408 "));
}

TEST_F(ListenerLimitsTest, HalfABodyHasItsTimeAndWhoeverSaysNothingToo) {
  HttpLimits limits;
  limits.body_ms = limits.idle_ms = milliseconds(500);
  serve(limits);
  EXPECT_TRUE(serving_->ask("POST /page HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel")
                  .starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(serving_->ask(""), "");
  Socket kept = serving_->connect();
  kept.send("GET /page"s + kNext);
  EXPECT_TRUE(Serving::read_to_end(kept).ends_with("ok\n")) << "and closed when it idles";
}

TEST_F(ListenerLimitsTest, AnAnswerThatNobodyReadsHasItsTime) {
  HttpLimits limits;
  limits.write_ms = milliseconds(200);
  serve(limits);
  Socket unread = serving_->connect();
  unread.send("GET /large"s + kNext);
  pollfd begun{unread.fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&begun, 1, static_cast<int>(estop::testing::kPatience.count())), 1);
  EXPECT_TRUE(has_connections(0));
}

TEST_F(ListenerLimitsTest, ALoopThatDoesNotAnswerIsToldAndItsLateAnswerDropped) {
  HttpLimits limits;
  limits.answer_ms = milliseconds(500);
  serve(limits);
  const std::string answer = serving_->ask("GET /never"s + kNext);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_NE(answer.find("Retry-After: 1\r\n"), std::string::npos) << answer;
  boost::asio::post(serving_->loop(), [&] { kept_.clear(); });
  EXPECT_TRUE(serving_->ask("GET /page"s + kLast).ends_with("ok\n"));
}

TEST_F(ListenerLimitsTest, OnlySoManyRequestsWaitForTheLoop) {
  HttpLimits limits;
  limits.queue_max = 2;
  serve(limits);
  std::vector<Socket> waiting;
  const auto send = [&](const char* path) {
    waiting.push_back(serving_->connect());
    waiting.back().send("GET "s + path + kLast);
  };
  send("/block");
  ASSERT_TRUE(asked(1));
  std::string refused;
  for (int i = 0; i < 3; ++i) send("/page");
  ASSERT_TRUE(wait_until([&] {
    for (auto& one : waiting) refused += one.receive(milliseconds(0));
    return !refused.empty();
  }));
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
  may_go_on_ = true;
  std::string rest;
  for (auto& one : waiting) rest += Serving::read_to_end(one);
  std::size_t answered = 0;
  for (std::size_t at = 0; (at = rest.find(" 200 OK", at)) != std::string::npos; ++at) ++answered;
  EXPECT_EQ(answered, 3U) << rest;
}

TEST_F(ListenerLimitsTest, AProbeIsAnsweredHoweverManyHalfRequestsWait) {
  serve({});
  std::vector<Socket> half;
  for (std::size_t i = 0; i < 1'000; ++i) {
    half.push_back(serving_->connect());
    ASSERT_TRUE(half.back().is_open());
    if (i % 2 == 0) half.back().send("GET /page HTTP/1.1\r\nX: ");
  }
  EXPECT_TRUE(serving_->ask("GET /page"s + kLast).ends_with("ok\n"));
  EXPECT_TRUE(has_connections(511)) << "the bound, without the probe";
  EXPECT_TRUE(wait_until([&] { return Serving::is_closed(half.front()); })) << "waited longest";
  EXPECT_FALSE(Serving::is_closed(half.back()));
}

TEST_F(ListenerLimitsTest, WhoeverIsServedKeepsItsPlace) {
  HttpLimits limits;
  limits.connections_max = 2;
  serve(limits);
  Socket first = serving_->connect();
  first.send("GET /never"s + kNext);
  ASSERT_TRUE(asked(1));
  Socket second = serving_->connect();
  second.send("GET /stream"s + kNext);
  ASSERT_TRUE(asked(2));
  EXPECT_NE(Serving::read(second, "\r\n\r\n").find(" 200 OK"), std::string::npos);
  EXPECT_EQ(serving_->ask("GET /page"s + kLast), "") << "no place";
  EXPECT_FALSE(Serving::is_closed(first) || Serving::is_closed(second));
}

TEST_F(ListenerLimitsTest, AConnectionHasSoManyRequests) {
  HttpLimits limits;
  limits.requests_per_connection_max = 3;
  serve(limits);
  std::string many;
  for (int i = 0; i < 5; ++i) many += "GET /page"s + kNext;
  const std::string all = serving_->ask(many);
  EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos) << all;
  std::size_t answers = 0;
  for (std::size_t at = 0; (at = all.find("HTTP/1.1 200", at)) != std::string::npos; ++at) {
    ++answers;
  }
  EXPECT_EQ(answers, 3U);
}

TEST_F(ListenerLimitsTest, AStreamThatIsReadTooSlowlyIsCutOff) {
  serve({});
  Socket slow = serving_->connect();
  slow.send("GET /stream"s + kNext);
  ASSERT_TRUE(asked(1));
  std::atomic<bool> is_cut = false;
  boost::asio::post(serving_->loop(), [&] {
    const std::string piece(16 * 1024, 'x');
    while (streams_.front().send(piece)) std::this_thread::yield();
    EXPECT_FALSE(streams_.front().is_open());
    is_cut = true;
  });
  EXPECT_TRUE(wait_until([&] { return is_cut.load(); }));
  EXPECT_TRUE(has_connections(0));
}

TEST_F(ListenerLimitsTest, OnlySoManyStreamsAreOpen) {
  HttpLimits limits;
  limits.streams_max = 1;
  serve(limits);
  Socket first = serving_->connect();
  first.send("GET /stream"s + kNext);
  ASSERT_TRUE(asked(1));
  EXPECT_TRUE(serving_->ask("GET /stream"s + kLast).starts_with("HTTP/1.1 503 "));
  first.close();
  ASSERT_TRUE(has_connections(0));
  Socket third = serving_->connect();
  third.send("GET /stream"s + kNext);
  EXPECT_NE(Serving::read(third, "\r\n\r\n").find(" 200 OK"), std::string::npos);
}

// --- Who is counted together ---

sockaddr_storage from(const std::string& address) {
  sockaddr_storage made{};
  sockaddr_in four{};
  sockaddr_in6 six{};
  if (::inet_pton(AF_INET, address.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    std::memcpy(&made, &four, sizeof four);
  } else if (::inet_pton(AF_INET6, address.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    std::memcpy(&made, &six, sizeof six);
  }
  return made;
}

TEST(HttpPeerTest, AreCountedByWhatOneOfThemCanHave) {
  for (const auto& [address, shown, counted_as] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"192.0.2.7", "192.0.2.7", "192.0.2.7"},
           {"127.0.0.1", "127.0.0.1", ""},
           {"127.1.2.3", "127.1.2.3", ""},
           {"::1", "::1", ""},
           {"::ffff:127.0.0.1", "127.0.0.1", ""},
           {"::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7"},
           {"2001:db8::1", "2001:db8::1", "2001:db8::/64"},
           {"2001:db8::ffff:1", "2001:db8::ffff:1", "2001:db8::/64"},
           {"2001:db8:0:1::1", "2001:db8:0:1::1", "2001:db8:0:1::/64"},
       }) {
    const HttpPeer peer = peer_of(from(address));
    EXPECT_EQ(peer.address, shown);
    EXPECT_EQ(peer.counted_as, counted_as) << address;
  }
}

}  // namespace
}  // namespace estop::daemon
