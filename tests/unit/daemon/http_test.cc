// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/http.h"

#include <thread>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

#include "tests/support/socket.h"
#include "tests/support/wait_until.h"

namespace estop::daemon {
namespace {

using estop::testing::Socket;
using schemas::Errc;

class StatusServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    StatusServer::Pages pages;
    pages["/livez"] = [] { return Page{200, "text/plain; charset=utf-8", "ok\n"}; };
    pages["/throws"] = []() -> Page { throw std::runtime_error("secret"); };
    auto started = StatusServer::start(loop_, {}, std::move(pages));
    ASSERT_TRUE(started) << started.error();
    server_ = std::move(*started);
  }

  // Runs the loop until the answer holds `end`, or the connection is closed.
  std::string receive(Socket& socket, const std::string& end) {
    std::string all;
    bool closed = false;
    const bool got = estop::testing::wait_until([&] {
      loop_.restart();
      loop_.poll();
      pollfd ready{socket.fd(), POLLIN, 0};
      if (::poll(&ready, 1, 0) > 0) {
        const auto more = socket.receive(std::chrono::milliseconds(0));
        closed = more.empty();
        all += more;
      }
      return closed || all.find(end) != std::string::npos;
    });
    return got ? all : "no answer: " + all;
  }

  std::string ask(const std::string& request, const std::string& end) {
    Socket socket = Socket::connect(server_->port());
    socket.send(request);
    return receive(socket, end);
  }

  boost::asio::io_context loop_{1};
  std::unique_ptr<StatusServer> server_;
};

TEST_F(StatusServerTest, ServesAPageAndItsHead) {
  const auto get = ask("GET /livez?x=1 HTTP/1.1\r\nHost: x\r\n\r\n", "ok\n");
  EXPECT_TRUE(get.starts_with("HTTP/1.1 200 OK\r\n")) << get;
  const auto head = ask("HEAD /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "never");
  EXPECT_NE(head.find("Content-Length: 3\r\n"), std::string::npos) << head;
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
}

TEST_F(StatusServerTest, KeepsTheConnection) {
  Socket socket = Socket::connect(server_->port());
  for (int i = 0; i < 3; ++i) {
    socket.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(receive(socket, "ok\n").starts_with("HTTP/1.1 200"));
  }
}

TEST_F(StatusServerTest, AnswersBadRequestsWithTheRightStatus) {
  struct Row {
    std::string request;
    std::string status;
  };
  const std::string many(9 * 1024, 'x');
  const std::string close = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  for (const auto& [request, status] : std::vector<Row>{
           {"GET /nothing" + close, "404"},
           {"POST /livez" + close, "405"},
           {"DELETE /livez" + close, "405"},
           {"GET /throws" + close, "500"},
           {"GET /livez HTTP/1.1\r\nX: " + many + "\r\n\r\n", "431"},
           {"POST /livez HTTP/1.1\r\nContent-Length: 999999\r\n\r\n", "413"},
           {"\x01\x02garbage\r\n\r\n", "400"},
       }) {
    const auto answer = ask(request, "\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + status)) << status << " " << answer;
    EXPECT_EQ(answer.find("secret"), std::string::npos);
  }
  EXPECT_NE(ask("PUT /livez" + close, "\r\n\r\n").find("Allow: GET, HEAD"), std::string::npos);
}

TEST_F(StatusServerTest, AnswersAProbeHoweverManyHalfRequestsWait) {
  for (const std::size_t waiting : {80U, 500U}) {
    std::vector<Socket> half;
    for (std::size_t i = 0; i < waiting; ++i) {
      half.push_back(Socket::connect(server_->port()));
      if (i % 2 == 0) half.back().send("GET /livez HTTP/1.1\r\nX: ");
      loop_.restart();
      loop_.poll();
    }
    EXPECT_TRUE(ask("GET /livez HTTP/1.1\r\n\r\n", "ok\n").starts_with("HTTP/1.1 200"));
    std::size_t open = 0;
    for (auto& one : half) {
      pollfd ready{one.fd(), POLLIN, 0};
      open += ::poll(&ready, 1, 0) == 0 ? 1U : 0U;
    }
    EXPECT_EQ(open, 63U) << "the bound, and the probe has a place";
    EXPECT_EQ(receive(half.front(), "never"), "") << "whoever waited longest was closed";
  }
}

TEST_F(StatusServerTest, ASecondOneOnThePortSaysWhich) {
  const auto second = StatusServer::start(loop_, {"127.0.0.1", server_->port()}, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kNoContact);
  EXPECT_NE(second.error().detail.find(std::to_string(server_->port())), std::string::npos);
  EXPECT_EQ(StatusServer::start(loop_, {"not-an-ip", 0}, {}).error().code, Errc::kBadArgument);
}

TEST_F(StatusServerTest, ListensOnAnIPv6Address) {
  const auto started = StatusServer::start(loop_, {"::1", 0}, {});
  ASSERT_TRUE(started) << started.error();
  const auto port = (*started)->port();
  const auto second = StatusServer::start(loop_, {"::1", port}, {});
  EXPECT_TRUE(second.error().detail.starts_with("cannot listen on [::1]:" + std::to_string(port)))
      << second.error();
}

TEST_F(StatusServerTest, EndsWithOpenConnections) {
  Socket socket = Socket::connect(server_->port());
  socket.send("GET /livez HTTP/1.1\r\n");
  loop_.poll();
  server_.reset();
  EXPECT_EQ(receive(socket, "never"), "");
}

}  // namespace
}  // namespace estop::daemon
