// SPDX-License-Identifier: Apache-2.0

// Bytes of an HTTP client: a head, and the body behind it.
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "broker-bridge/daemon/http_codec.h"
#include "broker-bridge/daemon/http_head.h"
#include "broker-bridge/daemon/http_responder.h"
#include "broker-bridge/daemon/http_routes.h"
#include "tests/fuzz/targets.h"

namespace estop::fuzz {
namespace {

using daemon::HttpHead;

constexpr std::size_t kBodyMax_bytes = 64;

// As a client with one way of writing would send it.
std::string written(const HttpHead& head) {
  std::string text = head.method + ' ' + head.path;
  if (!head.query.empty()) text += '?' + head.query;
  text += head.is_1_0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n";
  for (const auto& [name, value] : head.fields) text.append(name).append(": " + value + "\r\n");
  return text + "\r\n";
}

bool is_field(std::string_view name, const daemon::HttpField& field) {
  return field.name == name;
}

void check_fields(const HttpHead& head) {
  const auto count = [&](std::string_view name) {
    return std::count_if(head.fields.begin(), head.fields.end(),
                         [&](const auto& field) { return is_field(name, field); });
  };
  const auto lengths = count("content-length") + count("transfer-encoding");
  require(lengths <= 1, "a body has one length");
  require((lengths == 1) || !head.has_body(), "a body has a length");
  require(count("host") == 1 || (head.is_1_0 && count("host") == 0), "a request has one host");
  for (const auto& field : head.fields) {
    require(field.value.find_first_of({"\r\n\0", 3}) == std::string::npos, "a field is a line");
  }
}

struct Body {
  bool is_done = false;
  bool is_refused = false;
  std::size_t taken = 0;
  std::string text;
  friend bool operator==(const Body&, const Body&) = default;
};

Body read_body(std::string_view raw, std::string_view rest, std::size_t piece) {
  daemon::HttpBodyReader reader(raw, kBodyMax_bytes);
  Body read;
  for (std::size_t given = 0; given < rest.size() && !reader.refusal() && !reader.is_done();) {
    given = std::min(rest.size(), given + piece);
    read.taken += reader.take(rest.substr(read.taken, given - read.taken));
  }
  read.is_done = reader.is_done() && !reader.refusal();
  read.is_refused = reader.refusal().has_value();
  if (read.is_done) read.text = reader.body();
  require(read.text.size() <= kBodyMax_bytes, "a body has a bound");
  return read;
}

const daemon::HttpRoutes& routes() {
  static const daemon::HttpRoutes made = [] {
    const auto none = [](const daemon::HttpRequest&, const daemon::HttpResponder&) {};
    daemon::HttpRoutes all;
    all.add("GET", "/a", none).add_below("POST", "/a/", none);
    return all;
  }();
  return made;
}

}  // namespace

void http(std::string_view input) {
  const std::size_t end = input.find("\r\n\r\n");
  const std::string_view raw =
      input.substr(0, end == std::string_view::npos ? input.size() : end + 4);
  const auto head = daemon::read_http_head(raw);
  if (!head) return require(head.error().status >= 400, "a refusal is an error");
  require(head->path.starts_with('/'), "a path begins with /");
  check_fields(*head);
  const auto again = daemon::read_http_head(written(*head));
  require(again && again->fields == head->fields && again->path == head->path &&
              again->query == head->query && again->body_bytes == head->body_bytes,
          "what is read is written and read again the same");
  if (const auto found = routes().find(head->method, head->path)) {
    require(head->path.ends_with(found->rest), "the rest is the path's end");
  }
  if (!head->has_body() || head->body_bytes > kBodyMax_bytes) return;
  const std::string_view rest = input.substr(raw.size());
  const Body whole = read_body(raw, rest, rest.size());
  const Body slowly = read_body(raw, rest, 1);
  require(whole.is_done == slowly.is_done && whole.text == slowly.text,
          "a body is the same in whatever pieces it comes");
  if (whole.is_done) require(whole.taken == slowly.taken, "a body ends in one place");
}

}  // namespace estop::fuzz
