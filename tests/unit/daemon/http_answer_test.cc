// SPDX-License-Identifier: Apache-2.0

// What goes out: answers, routes, places.
#include <gtest/gtest.h>

#include "broker-bridge/daemon/http_codec.h"
#include "broker-bridge/daemon/http_places.h"
#include "broker-bridge/daemon/http_routes.h"
#include "broker-bridge/daemon/listener.h"

namespace estop::daemon {
namespace {

// --- Answers ---

TEST(HttpAnswerTest, HasALengthAndMayNotBeKept) {
  const std::string whole = http_answer(text_answer(200, "ok"), HttpBody::kWhole, true);
  EXPECT_EQ(whole,
            "HTTP/1.1 200 OK\r\nServer: estop\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nContent-Length: 3\r\n"
            "\r\nok\n");
  const std::string head = http_answer(text_answer(200, "ok"), HttpBody::kOmitted, true);
  EXPECT_EQ(head + "ok\n", whole);
  const std::string last = http_answer(text_answer(200, "ok"), HttpBody::kWhole, false);
  EXPECT_NE(last.find("\r\nConnection: close\r\n"), std::string::npos) << last;
}

TEST(HttpAnswerTest, OfManyPartsSaysSo) {
  const std::string chunked = http_answer({}, HttpBody::kChunked, true);
  EXPECT_NE(chunked.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << chunked;
  EXPECT_EQ(chunked.find("Content-Length"), std::string::npos) << chunked;
  const std::string to_the_end = http_answer({}, HttpBody::kToTheEnd, true);
  EXPECT_NE(to_the_end.find("Connection: close\r\n"), std::string::npos) << to_the_end;
  EXPECT_EQ(http_chunk("hello") + http_last_chunk(), "5\r\nhello\r\n0\r\n\r\n");
  EXPECT_TRUE(http_continue().starts_with("HTTP/1.1 100 Continue\r\n"));
}

TEST(HttpAnswerTest, ThatCannotBeSentIsA500) {
  HttpAnswer answer = text_answer(200, "ok");
  answer.fields = {{"X", "a\r\nSet-Cookie: b"}};
  const std::string sent = http_answer(answer, HttpBody::kWhole, true);
  EXPECT_TRUE(sent.starts_with("HTTP/1.1 500 ")) << sent;
  EXPECT_EQ(sent.find("Cookie"), std::string::npos);
  EXPECT_TRUE(http_answer({99, "x", "", {}}, HttpBody::kWhole, true).starts_with("HTTP/1.1 500 "));
}

TEST(HttpAnswerTest, OfARefusalIsTextOrAProblem) {
  EXPECT_EQ(to_answer({404, {}, {}}, false).body, "Not Found\n");
  EXPECT_EQ(to_answer({400, "two Host fields", {}}, false).body, "Bad Request: two Host fields\n");
  const HttpAnswer problem = to_answer({405, "a \"b\"", "GET, HEAD"}, true);
  EXPECT_EQ(problem.content_type, "application/problem+json");
  EXPECT_EQ(problem.body,
            "{\"detail\":\"a \\\"b\\\"\",\"status\":405,\"title\":\"Method Not Allowed\","
            "\"type\":\"about:blank\"}\n");
  EXPECT_EQ(problem.fields, (std::vector<HttpField>{{"Allow", "GET, HEAD"}}));
}

// --- Routes ---

TEST(HttpRoutesTest, TheExactPathGoesBeforeTheLongestPrefix) {
  HttpRoutes routes;
  const HttpHandler none = [](const HttpRequest&, HttpResponder) {};
  routes.add("GET", "/a", none).add("POST", "/a/b", none).add_below("GET", "/a/", none);
  routes.add_below("GET", "/a/long/", none).add_below("POST", "/c/", none);
  for (const auto& [method, path, expected] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"GET", "/a", "200 "},
           {"HEAD", "/a", "200 "},
           {"GET", "/a/", "200 "},
           {"GET", "/a/b", "405 POST"},  // an exact path hides what is above it
           {"POST", "/a/b", "200 "},
           {"GET", "/a/x/y", "200 x/y"},
           {"GET", "/a/long/z", "200 z"},
           {"GET", "/a/long", "200 long"},
           {"GET", "/b", "404 "},
           {"GET", "/", "404 "},
           {"GET", "/A", "404 "},
           {"POST", "/c/", "200 "},
           {"GET", "/c/d", "405 POST"},
           {"DELETE", "/a", "405 GET, HEAD"},
           {"DELETE", "/b", "404 "},
           {"FROB", "/a", "501 "},
           {"get", "/a", "501 "},
       }) {
    const auto found = routes.find(method, path);
    const std::string told = found
                                 ? "200 " + found->rest
                                 : std::to_string(found.error().status) + ' ' + found.error().allow;
    EXPECT_EQ(told, expected) << method << ' ' << path;
  }
}

// --- Places ---

using Phase = HttpPlaces::Phase;

class HttpPlacesTest : public ::testing::Test {
 protected:
  // What becomes of one more: "in", "out", or whom it takes the place of.
  std::string admit(const std::string& peer = {}) {
    const auto verdict = places_.admit(++last_, peer, ++now_);
    if (!verdict.is_admitted) return "out";
    return verdict.evicted ? std::to_string(*verdict.evicted) : "in";
  }
  void enter(std::uint64_t id, Phase phase) { places_.enter(id, phase, ++now_); }

  HttpPlaces places_{{3, 2}};
  std::uint64_t last_ = 0;
  std::int64_t now_ = 0;
};

TEST_F(HttpPlacesTest, WhoeverWaitsLongestGoesFirst) {
  EXPECT_EQ(admit() + admit() + admit(), "ininin");
  enter(1, Phase::kBusy);
  EXPECT_EQ(admit(), "2");
  enter(1, Phase::kWaiting);
  EXPECT_EQ(admit(), "3") << "since it came; 1 has waited since its answer";
  places_.leave(1);
  EXPECT_EQ(admit(), "in");
  EXPECT_EQ(places_.size(), 3U);
}

TEST_F(HttpPlacesTest, NobodyWhoIsServedGoes) {
  EXPECT_EQ(admit() + admit() + admit(), "ininin");
  enter(1, Phase::kBusy);
  enter(2, Phase::kWriting);
  enter(3, Phase::kWaiting);
  EXPECT_EQ(admit(), "3");
  enter(4, Phase::kBusy);
  EXPECT_EQ(admit(), "2") << "has not read its answer";
  enter(5, Phase::kBusy);
  EXPECT_EQ(admit(), "out");
  EXPECT_EQ(places_.size(), 3U);
}

TEST_F(HttpPlacesTest, APeerTakesOnlyItsOwnPlaces) {
  EXPECT_EQ(admit("a") + admit("a"), "inin");
  EXPECT_EQ(admit("a"), "1");
  EXPECT_EQ(admit("b"), "in");
  EXPECT_EQ(admit("b"), "2") << "all are taken: whoever waits longest";
  EXPECT_EQ(admit("b"), "4");
  enter(5, Phase::kBusy);
  enter(6, Phase::kBusy);
  EXPECT_EQ(admit("b"), "out") << "though another waits";
  places_.leave(5);
  EXPECT_EQ(admit("b"), "in");
}

}  // namespace
}  // namespace estop::daemon
