// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/listener.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>

#include <boost/asio/post.hpp>

#include "tests/unit/daemon/serving.h"

namespace estop::daemon {
namespace {

using estop::testing::kLast;
using estop::testing::kNext;
using estop::testing::Serving;
using estop::testing::Socket;
using estop::testing::wait_until;
using schemas::Errc;
using std::chrono::milliseconds;
using namespace std::string_literals;

class ListenerTest : public ::testing::Test {
 protected:
  HttpRoutes routes() {
    HttpRoutes made;
    made.add("GET", "/page",
             [](const HttpRequest&, HttpResponder to) { to.answer(text_answer(200, "ok")); });
    made.add("GET", "/thread", [this](const HttpRequest&, HttpResponder to) {
      const bool is_loop = std::this_thread::get_id() == serving_->loop_thread();
      to.answer(text_answer(200, is_loop ? "on the loop" : "elsewhere"));
    });
    made.add("GET", "/throws",
             [](const HttpRequest&, const HttpResponder&) { throw std::runtime_error("secret"); });
    made.add("GET", "/drops", [](const HttpRequest&, const HttpResponder&) {});
    made.add("GET", "/later", [this](const HttpRequest&, HttpResponder to) {
      later_.emplace(std::move(to));
      is_asked_ = true;
    });
    made.add("GET", "/stream", [this](const HttpRequest&, HttpResponder to) {
      stream_.emplace(to.stream({200, "text/event-stream", {}, {}}));
      is_asked_ = true;
    });
    made.add_below("POST", "/echo/", [](const HttpRequest& request, HttpResponder to) {
      to.answer(text_answer(200, request.method + '|' + request.path + '|' + request.rest + '|' +
                                     request.query + '|' + std::string(request.field("x-a")) + '|' +
                                     request.body + '|' + request.peer));
    });
    return made;
  }
  void serve(const HttpLimits& limits = {}) {
    ListenOptions options;
    options.limits = limits;
    serving_.emplace(std::move(options), routes());
  }
  void SetUp() override { serve(); }
  // What was asked for is dropped on the loop, which has ended.
  void TearDown() override { serving_->stop(); }
  // On the loop's thread; waits.
  void on_loop(const std::function<void()>& work) {
    std::atomic<bool> is_done = false;
    boost::asio::post(serving_->loop(), [&] {
      work();
      is_done = true;
    });
    ASSERT_TRUE(wait_until([&] { return is_done.load(); }));
  }
  std::string ask(const std::string& request) { return serving_->ask(request); }
  bool has_connections(std::size_t count) {
    return wait_until([&] { return serving_->listener().connections() == count; });
  }

  std::atomic<bool> is_asked_ = false;
  std::optional<HttpResponder> later_;
  std::optional<HttpStream> stream_;
  std::optional<Serving> serving_;
};

TEST_F(ListenerTest, ServesAPageAndItsHeadOnTheLoop) {
  EXPECT_TRUE(ask("GET /page?x=1"s + kLast).starts_with("HTTP/1.1 200 OK\r\n"));
  const std::string head = ask("HEAD /page"s + kLast);
  EXPECT_NE(head.find("Content-Length: 3\r\n"), std::string::npos) << head;
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
  EXPECT_TRUE(ask("GET /thread"s + kLast).ends_with("\r\n\r\non the loop\n"));
  EXPECT_TRUE(ask("GET http://x/page"s + kLast).ends_with("ok\n"));
  EXPECT_TRUE(ask("GET /page HTTP/1.0\r\n\r\n").ends_with("ok\n")) << "and closes";
  EXPECT_TRUE(has_connections(0));
}

TEST_F(ListenerTest, GivesAHandlerTheWholeRequest) {
  const std::string fields = " HTTP/1.1\r\nHost: x\r\nX-A: b\r\nConnection: close\r\n";
  const std::string expected = "POST|/echo/a/b|a/b|c=d|b|hello|127.0.0.1\n";
  const std::string sized = ask("POST /echo/a/b?c=d" + fields + "Content-Length: 5\r\n\r\nhello");
  EXPECT_TRUE(sized.ends_with(expected)) << sized;
  const std::string chunked = ask("POST /echo/a/b?c=d" + fields +
                                  "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n"
                                  "0\r\n\r\n");
  EXPECT_TRUE(chunked.ends_with(expected)) << chunked;
}

TEST_F(ListenerTest, KeepsTheConnectionAndAnswersAPipelineInOrder) {
  Socket socket = serving_->connect();
  for (int i = 0; i < 3; ++i) {
    socket.send("GET /page"s + kNext);
    EXPECT_TRUE(Serving::read(socket, "ok\n").starts_with("HTTP/1.1 200"));
  }
  const std::string post = " HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n";
  socket.send("POST /echo/1" + post + "aaPOST /echo/2" + post + "bbGET /page"s + kLast);
  const std::string all = Serving::read_to_end(socket);
  const auto first = all.find("|aa|");
  const auto second = all.find("|bb|");
  EXPECT_LT(first, second) << all;
  EXPECT_LT(second, all.find("\r\n\r\nok\n")) << all;
}

TEST_F(ListenerTest, AsksForABodyThatIsHeldBack) {
  Socket socket = serving_->connect();
  socket.send(
      "POST /echo/a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n"
      "\r\n");
  EXPECT_EQ(Serving::read(socket, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  socket.send("hello");
  EXPECT_NE(Serving::read(socket, "127.0.0.1\n").find("|hello|"), std::string::npos);
  socket.send(
      "POST /echo/a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_TRUE(Serving::read_to_end(socket).starts_with("HTTP/1.1 413 ")) << "and not 100";
}

TEST_F(ListenerTest, RefusesWithTheRightStatusAndEndsWhatIsUnclear) {
  const std::string host = "Host: x\r\n";
  const std::string length = "Content-Length: 5\r\n";
  const std::string twice = "Content-Length: 5\r\nContent-Length: 5\r\n";
  const std::string post = "POST /echo/a HTTP/1.1\r\n" + host;
  for (const auto& [request, status] : std::vector<std::pair<std::string, int>>{
           {"GET /nothing"s + kLast, 404},
           {"POST /page"s + kLast, 405},
           {"DELETE /page"s + kLast, 405},
           {"FROB /page"s + kLast, 501},
           {"GET /throws"s + kLast, 500},
           {"GET /drops"s + kLast, 500},
           {"\x01\x02garbage\r\n\r\n", 400},
           {"GET /page HTTP/1.1\r\n\r\n", 400},
           {"GET /page HTTP/9.9\r\n" + host + "\r\n", 505},
           {"GET /page HTTP/1.1\r\n" + host + "X: " + std::string(9'000, 'x') + "\r\n\r\n", 431},
           {"GET /page HTTP/1.1\r\n" + host + "X: " + std::string(9'000, 'x'), 431},
           {std::string(9'000, 'x'), 431},
           {"GET /" + std::string(5'000, 'x') + kLast, 414},
           {"GET /page HTTP/1.1\r\n" + host + "X: a\r\n b\r\n\r\n", 400},
           {"GET /page HTTP/1.1\r\n" + host + "X: \0\r\n\r\n"s, 400},
           {post + twice + "\r\nhello", 400},
           {post + length + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
           {post + "Transfer-Encoding: gzip\r\n\r\nhello", 501},
           {post + "Content-Length: 65537\r\n\r\n" + std::string(65'537, 'x'), 413},
           {post + "Transfer-Encoding: chunked\r\n\r\nfffffff\r\n" + std::string(70'000, 'x'), 413},
           {post + "Transfer-Encoding: chunked\r\n\r\nnonsense\r\n\r\n", 400},
           {post + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(9'000, 'x'), 400},
       }) {
    const std::string answer = ask(request);  // ends: the connection is closed
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(status) + ' '))
        << status << ' ' << request.substr(0, 100) << ": " << answer;
    EXPECT_EQ(answer.find("secret"), std::string::npos);
    EXPECT_EQ(answer.find("HTTP/1.1 ", 1), std::string::npos) << "one answer: " << answer;
  }
  EXPECT_NE(ask("PUT /page"s + kLast).find("Allow: GET, HEAD\r\n"), std::string::npos);
}

TEST_F(ListenerTest, TellsProgramsTheProblemAsJson) {
  const std::string answer = ask("GET /api/v1/nothing"s + kLast);
  EXPECT_NE(answer.find("Content-Type: application/problem+json\r\n"), std::string::npos);
  EXPECT_TRUE(
      answer.ends_with("{\"status\":404,\"title\":\"Not Found\",\"type\":\"about:blank\"}\n"))
      << answer;
}

TEST_F(ListenerTest, AnswersLaterAndOnce) {
  Socket socket = serving_->connect();
  socket.send("GET /later"s + kNext);
  ASSERT_TRUE(wait_until([&] { return is_asked_.load(); }));
  EXPECT_TRUE(ask("GET /page"s + kLast).ends_with("ok\n")) << "others do not wait";
  on_loop([&] {
    later_->answer(text_answer(200, "later"));
    later_->answer(text_answer(200, "again"));
    later_.reset();
  });
  EXPECT_TRUE(Serving::read(socket, "\n").starts_with("HTTP/1.1 200"));
  socket.send("GET /page"s + kLast);
  const std::string rest = Serving::read_to_end(socket);
  EXPECT_EQ(rest.find("again"), std::string::npos) << rest;
}

TEST_F(ListenerTest, AStreamArrivesPieceByPieceAndEnds) {
  Socket socket = serving_->connect();
  socket.send("GET /stream"s + kNext);
  ASSERT_TRUE(wait_until([&] { return is_asked_.load(); }));
  EXPECT_NE(Serving::read(socket, "\r\n\r\n").find("text/event-stream"), std::string::npos);
  on_loop([&] { EXPECT_TRUE(stream_->send("data: 1\n\n")); });
  EXPECT_EQ(Serving::read(socket, "\n\n\r\n"), "9\r\ndata: 1\n\n\r\n");
  on_loop([&] { stream_.reset(); });
  EXPECT_EQ(Serving::read_to_end(socket), "0\r\n\r\n");
  EXPECT_TRUE(has_connections(0));
}

TEST_F(ListenerTest, AStreamOfHttp10EndsWithItsConnection) {
  Socket socket = serving_->connect();
  socket.send("GET /stream HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(wait_until([&] { return is_asked_.load(); }));
  on_loop([&] {
    EXPECT_TRUE(stream_->send("data: 1\n\n"));
    stream_.reset();
  });
  EXPECT_TRUE(Serving::read_to_end(socket).ends_with("\r\n\r\ndata: 1\n\n"));
}

TEST_F(ListenerTest, AStreamWithoutAReaderIsOver) {
  Socket socket = serving_->connect();
  socket.send("GET /stream"s + kNext);
  ASSERT_TRUE(wait_until([&] { return is_asked_.load(); }));
  socket.close();
  ASSERT_TRUE(has_connections(0));
  on_loop([&] { EXPECT_FALSE(stream_->send("x")); });
}

TEST_F(ListenerTest, LeavesWhenWhatIsUnderWayIsAnswered) {
  Socket idle = serving_->connect();
  Socket asked = serving_->connect();
  asked.send("GET /later"s + kNext);
  ASSERT_TRUE(wait_until([&] { return is_asked_.load(); }));
  std::atomic<bool> has_left = false;
  serving_->listener().leave(estop::testing::kPatience, [&] { has_left = true; });
  EXPECT_EQ(Serving::read_to_end(idle), "");
  EXPECT_FALSE(Socket::connect(serving_->listener().port()).is_open());
  EXPECT_FALSE(has_left);
  on_loop([&] { later_->answer(text_answer(200, "later")); });
  const std::string answer = Serving::read_to_end(asked);
  EXPECT_TRUE(answer.ends_with("later\n")) << answer;
  asked.close();
  EXPECT_TRUE(wait_until([&] { return has_left.load(); }));
}

TEST_F(ListenerTest, LeavesAtTheLatestWhenItsPatienceIsOver) {
  Socket asked = serving_->connect();
  asked.send("GET /later"s + kNext);
  ASSERT_TRUE(wait_until([&] { return is_asked_.load(); }));
  std::atomic<bool> has_left = false;
  serving_->listener().leave(milliseconds(50), [&] { has_left = true; });
  EXPECT_EQ(Serving::read_to_end(asked), "");
  EXPECT_TRUE(wait_until([&] { return has_left.load(); }));
}

TEST_F(ListenerTest, EndsWithOpenConnectionsAndAnswersThatComeTooLate) {
  Socket half = serving_->connect();
  half.send("GET /page HTTP/1.1\r\n");
  Socket asked = serving_->connect();
  asked.send("GET /later"s + kNext);
  ASSERT_TRUE(wait_until([&] { return is_asked_.load(); }));
  serving_->stop();
  EXPECT_EQ(Serving::read_to_end(half), "");
  EXPECT_EQ(Serving::read_to_end(asked), "");
  later_->answer(text_answer(200, "too late"));
}

TEST_F(ListenerTest, ASecondOneOnThePortSaysWhich) {
  boost::asio::io_context loop;
  ListenOptions options;
  options.port = serving_->listener().port();
  const auto second = Listener::start(loop, options, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kNoContact);
  EXPECT_NE(second.error().detail.find(std::to_string(options.port)), std::string::npos);
  options.host = "not-an-ip";
  EXPECT_EQ(Listener::start(loop, options, {}).error().code, Errc::kBadArgument);
}

TEST_F(ListenerTest, ListensOnAnIPv6Address) {
  boost::asio::io_context loop;
  ListenOptions options;
  options.host = "::1";
  const auto first = Listener::start(loop, options, {});
  ASSERT_TRUE(first) << first.error();
  options.port = (*first)->port();
  const auto second = Listener::start(loop, options, {});
  EXPECT_TRUE(second.error().detail.starts_with("cannot listen on [::1]:")) << second.error();
}

TEST_F(ListenerTest, BeyondTheLoopbackNeedsTlsOrAWord) {
  boost::asio::io_context loop;
  ListenOptions options;
  options.host = "0.0.0.0";
  const auto refused = Listener::start(loop, options, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kBadArgument);
  EXPECT_NE(refused.error().detail.find("--listen-plain"), std::string::npos);
  options.is_plain_allowed = true;
  EXPECT_TRUE(Listener::start(loop, options, {}));
}

}  // namespace
}  // namespace estop::daemon
