// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/http_head.h"

#include <gtest/gtest.h>

#include "broker-bridge/daemon/http_codec.h"

namespace estop::daemon {
namespace {

using namespace std::string_literals;

constexpr const char* kHost = "Host: x\r\n";

std::string request(const std::string& first, const std::string& fields) {
  return first + "\r\n" + fields + "\r\n";
}

int status_of(const std::string& raw) {
  const auto head = read_http_head(raw);
  return head ? 200 : head.error().status;
}

TEST(HttpHead, TellsWhatIsAskedFor) {
  struct Row {
    std::string raw;
    HttpHead head;
  };
  const HttpField host{"host", "x"};
  const HttpField length{"content-length", "5"};
  const HttpField chunked{"transfer-encoding", "Chunked"};
  const HttpField expect{"expect", "100-Continue"};
  const HttpField close{"connection", "close"};
  for (const auto& [raw, head] : std::vector<Row>{
           {request("GET /a?b=c&d HTTP/1.1", kHost), {"GET", "/a", "b=c&d", {host}}},
           {request("GET /a%2fb HTTP/1.1", "HOST:x\r\n"), {"GET", "/a%2fb", "", {host}}},
           {request("GET http://y/a?b HTTP/1.1", kHost), {"GET", "/a", "b", {host}}},
           {request("GET HTTPS://y HTTP/1.1", kHost), {"GET", "/", "", {host}}},
           {request("GET http://y?b HTTP/1.1", kHost), {"GET", "/", "b", {host}}},
           {request("FROB / HTTP/1.1", kHost), {"FROB", "/", "", {host}}},
           {request("GET / HTTP/1.0", ""), {"GET", "/", "", {}, true, false}},
           {request("GET / HTTP/1.1", "Host: x\r\nConnection: close\r\n"),
            {"GET", "/", "", {host, close}, false, false}},
           {request("POST / HTTP/1.1", "Host: x\r\nContent-Length: 5\r\n"),
            {"POST", "/", "", {host, length}, false, true, false, 5}},
           {request("POST / HTTP/1.1", "Host: x\r\nTransfer-Encoding: Chunked\r\n"),
            {"POST", "/", "", {host, chunked}, false, true, true}},
           {request("POST / HTTP/1.1", "Host: x\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n"),
            {"POST", "/", "", {host, length, expect}, false, true, false, 5, true}},
           {request("GET / HTTP/1.1", "Host: x\r\nExpect: 100-Continue\r\n"),
            {"GET", "/", "", {host, expect}}},
       }) {
    const auto read = read_http_head(raw);
    ASSERT_TRUE(read) << raw << read.error().detail;
    EXPECT_EQ(*read, head) << raw;
  }
}

TEST(HttpHead, RefusesWhatTwoReadersCouldReadInTwoWays) {
  const std::string post = "POST / HTTP/1.1";
  const std::string host = kHost;
  std::string many;
  for (std::size_t i = 0; i < kHttpFieldsMax; ++i) many += "X: y\r\n";
  for (const auto& [raw, status] : std::vector<std::pair<std::string, int>>{
           {"\r\n", 400},
           {"\r\n\r\n", 400},
           {request("GET", host), 400},
           {request("GET /", host), 400},
           {request("GET  / HTTP/1.1", host), 400},
           {request(" GET / HTTP/1.1", host), 400},
           {request("GET / HTTP/1.1 ", host), 505},
           {request("GET / HTTP/2.0", host), 505},
           {request("GET / ICY/1.1", host), 505},
           {request("GET a HTTP/1.1", host), 400},
           {request("OPTIONS * HTTP/1.1", host), 400},
           {request("CONNECT x:80 HTTP/1.1", host), 400},
           {request("GET http:///a HTTP/1.1", host), 400},
           {request("GET /a#b HTTP/1.1", host), 400},
           {request("GET /\xc3\xa4 HTTP/1.1", host), 400},
           {request("GET /" + std::string(kHttpTargetMax_bytes, 'a') + " HTTP/1.1", host), 414},
           {request("GET / HTTP/1.1", many), 400},
           {request("GET / HTTP/1.1", many + host), 431},
           {request("GET /\0 HTTP/1.1"s, host), 400},
           {request("GET / HTTP/1.1", host + "X: a\0b\r\n"s), 400},
           {request("GET / HTTP/1.1", host + "X: a\x7f\r\n"), 400},
           {request("GET / HTTP/1.1", host + "X: a\rb\r\n"), 400},
           {request("GET / HTTP/1.1", host + "X: a\nY: b\r\n"), 400},
           {request("GET / HTTP/1.1", host + "X: a\r\n b\r\n"), 400},
           {request("GET / HTTP/1.1", host + "X : a\r\n"), 400},
           {request("GET / HTTP/1.1", host + ": a\r\n"), 400},
           {request("GET / HTTP/1.1", host + "X\r\n"), 400},
           {request("GET / HTTP/1.1", ""), 400},
           {request("GET / HTTP/1.1", host + host), 400},
           {request("GET / HTTP/1.1", "Host: x, y\r\n"), 400},
           {request("GET / HTTP/1.1", "Host: x/y\r\n"), 400},
           {request(post, host + "Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
           {request(post, host + "Content-Length: 5\r\nContent-Length: 6\r\n"), 400},
           {request(post, host + "Content-Length: 5, 5\r\n"), 400},
           {request(post, host + "Content-Length: +5\r\n"), 400},
           {request(post, host + "Content-Length: -5\r\n"), 400},
           {request(post, host + "Content-Length: 0x5\r\n"), 400},
           {request(post, host + "Content-Length:\r\n"), 400},
           {request(post, host + "Content-Length: 99999999999999999999\r\n"), 400},
           {request(post, host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
           {request(post, host + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
           {request(post, host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"), 400},
           {request(post, host + "Transfer-Encoding: gzip, chunked\r\n"), 501},
           {request(post, host + "Transfer-Encoding: xchunked\r\n"), 501},
           {request(post, host + "Transfer-Encoding: identity\r\n"), 501},
           {request("POST / HTTP/1.0", "Transfer-Encoding: chunked\r\n"), 400},
           {request(post, host + "Content-Length: 5\r\nExpect: gold\r\n"), 417},
       }) {
    EXPECT_EQ(status_of(raw), status) << raw.substr(0, 200);
  }
}

TEST(HttpHead, ProgramsGetProblemsAsJson) {
  for (const auto& [path, field, expected] :
       std::vector<std::tuple<std::string, std::string, bool>>{
           {"/metrics", "Accept: text/plain", false},
           {"/metrics", "Accept: application/json", true},
           {"/metrics", "Content-Type: application/json", true},
           {"/api/v1/x", "Accept: */*", true},
       }) {
    const auto head = read_http_head(request("GET " + path + " HTTP/1.1", kHost + field + "\r\n"));
    EXPECT_EQ(wants_json(head.value()), expected) << path << field;
  }
}

// --- Bodies ---

struct BodyRead {
  bool is_done = false;
  int refused = 0;
  std::string body;
  std::size_t taken = 0;
};

// In pieces of so many bytes, as they could arrive.
BodyRead read_body(const std::string& field, const std::string& bytes, std::size_t piece) {
  const std::string raw = request("POST / HTTP/1.1", kHost + field + "\r\n");
  EXPECT_TRUE(read_http_head(raw));
  HttpBodyReader reader(raw, 10);
  BodyRead read;
  std::string waiting;
  for (std::size_t at = 0; at < bytes.size() && !reader.refusal() && !reader.is_done();
       at += piece) {
    waiting += bytes.substr(at, piece);
    const std::size_t taken = reader.take(waiting);
    waiting.erase(0, taken);
    read.taken += taken;
  }
  read.is_done = reader.is_done();
  if (reader.refusal()) read.refused = reader.refusal()->status;
  if (read.is_done) read.body = reader.body();
  return read;
}

TEST(HttpBody, IsTakenWholeAndNoByteMore) {
  const std::string chunked = "Transfer-Encoding: chunked";
  for (const std::size_t piece : {1U, 3U, 4U, 1'000U}) {
    const auto sized = read_body("Content-Length: 5", "helloGET", piece);
    EXPECT_TRUE(sized.is_done);
    EXPECT_EQ(sized.body, "hello");
    EXPECT_EQ(sized.taken, 5U);
    const auto pieces =
        read_body(chunked, "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\nGET", piece);
    EXPECT_TRUE(pieces.is_done);
    EXPECT_EQ(pieces.body, "hello");
    EXPECT_EQ(pieces.taken, 30U);
    const auto empty = read_body(chunked, "0\r\n\r\nGET", piece);
    EXPECT_TRUE(empty.is_done);
    EXPECT_EQ(empty.taken, 5U);
  }
}

TEST(HttpBody, HasABound) {
  const std::string chunked = "Transfer-Encoding: chunked";
  for (const std::size_t piece : {1U, 7U, 1'000U}) {
    EXPECT_EQ(read_body("Content-Length: 10", "0123456789", piece).body, "0123456789");
    EXPECT_EQ(read_body(chunked, "a\r\n0123456789\r\n0\r\n\r\n", piece).body, "0123456789");
    EXPECT_EQ(read_body(chunked, "b\r\n0123456789a\r\n0\r\n\r\n", piece).refused, 413);
    EXPECT_EQ(read_body(chunked, "6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n", piece).refused, 413);
    EXPECT_EQ(read_body(chunked, "ffffffffffffffff\r\n0", piece).refused, 413);
  }
}

TEST(HttpBody, OfAWrongChunkIsRefused) {
  for (const std::string bytes : {"x\r\nhello\r\n", "-1\r\nh\r\n", "2\r\nhello\r\n0\r\n\r\n",
                                  "fffffffffffffffff\r\n", "\r\n0\r\n\r\n"}) {
    const auto read = read_body("Transfer-Encoding: chunked", bytes, 1'000);
    EXPECT_NE(read.refused, 0) << bytes;
    EXPECT_FALSE(read.is_done) << bytes;
  }
  EXPECT_EQ(read_body("Transfer-Encoding: chunked", "2\nhe\n0\n\n", 1'000).taken, 0U);
}

}  // namespace
}  // namespace estop::daemon
