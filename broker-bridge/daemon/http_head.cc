// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/http_head.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <ostream>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

namespace estop::daemon {
namespace {

namespace http = boost::beast::http;
using Parsed = http::request<http::empty_body>;
using Problem = std::optional<HttpRefusal>;  // none: it is fine

constexpr std::string_view kLineEnd = "\r\n";
constexpr char kDelete = 0x7f;

HttpRefusal bad(std::string detail) {
  return {400, std::move(detail), {}};
}

std::string_view text(boost::beast::string_view from) {
  return {from.data(), from.size()};
}

std::string lower(std::string_view from) {
  std::string to(from);
  for (char& one : to) {
    if (one >= 'A' && one <= 'Z') one = static_cast<char>(one - 'A' + 'a');
  }
  return to;
}

bool is_control(char one) {
  return (one >= 0 && one < ' ' && one != '\t') || one == kDelete;
}

// What must be wrong in any reading, before anybody reads.
Problem check_lines(std::string_view raw) {
  std::size_t lines = 0;
  for (std::string_view rest = raw; !rest.empty(); ++lines) {
    const std::size_t end = rest.find(kLineEnd);
    if (end == std::string_view::npos) return bad("a line without CR LF");
    const std::string_view line = rest.substr(0, end);
    if (std::any_of(line.begin(), line.end(), is_control)) return bad("a control character");
    if (line.starts_with(' ') || line.starts_with('\t')) return bad("a folded line");
    rest.remove_prefix(end + kLineEnd.size());
  }
  if (lines > kHttpFieldsMax + 2) {  // the request's line and the empty one
    return HttpRefusal{431, fmt::format("more than {} fields", kHttpFieldsMax), {}};
  }
  const std::string_view first = raw.substr(0, raw.find(kLineEnd));
  const bool is_ascii = std::all_of(first.begin(), first.end(), [](char one) { return one > 0; });
  return is_ascii ? Problem() : bad("a request line that is not ASCII");
}

// Origin form, or the absolute form that clients of a proxy use: "http://host/path?query".
Problem read_target(std::string_view target, HttpHead& head) {
  if (target.size() > kHttpTargetMax_bytes) {
    return HttpRefusal{414, fmt::format("more than {} bytes", kHttpTargetMax_bytes), {}};
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (lower(target.substr(0, scheme.size())) != scheme) continue;
    target.remove_prefix(scheme.size());
    const std::size_t path = std::min(target.find_first_of("/?"), target.size());
    if (path == 0) return bad("a target without a host");
    target.remove_prefix(path);
    if (target.empty() || target.front() == '?') head.path = "/";
  }
  const std::size_t query = std::min(target.find('?'), target.size());
  head.path += target.substr(0, query);
  if (query < target.size()) head.query = target.substr(query + 1);
  if (!head.path.starts_with('/')) return bad("a target that does not begin with /");
  return target.find('#') == std::string_view::npos ? Problem() : bad("a fragment in the target");
}

std::size_t count(const HttpHead& head, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(head.fields.begin(), head.fields.end(),
                    [&](const HttpField& field) { return field.name == name; }));
}

std::string_view value(const HttpHead& head, std::string_view name) {
  const auto found = std::find_if(head.fields.begin(), head.fields.end(),
                                  [&](const HttpField& field) { return field.name == name; });
  return found == head.fields.end() ? std::string_view() : std::string_view(found->value);
}

Problem check_host(const HttpHead& head) {
  const std::size_t hosts = count(head, "host");
  if (hosts > 1) return bad("two Host fields");
  if (hosts == 0) return head.is_1_0 ? Problem() : bad("no Host field");
  const bool is_one = value(head, "host").find_first_of(" \t/\\@,?#") == std::string_view::npos;
  return is_one ? Problem() : bad("a Host field that is no host");
}

// One length, told in one way.
Problem read_length(HttpHead& head) {
  constexpr const char* kLength = "content-length";
  constexpr const char* kCoding = "transfer-encoding";
  if (count(head, kLength) > 1) return bad("two Content-Length fields");
  if (count(head, kCoding) > 0) {
    if (count(head, kLength) > 0) return bad("both Content-Length and Transfer-Encoding");
    if (head.is_1_0) return bad("Transfer-Encoding in HTTP/1.0");
    const std::string_view coding = value(head, kCoding);
    head.is_chunked = count(head, kCoding) == 1 && lower(coding) == "chunked";
    if (head.is_chunked) return {};
    return HttpRefusal{501, "a Transfer-Encoding other than chunked", {}};
  }
  if (count(head, kLength) == 0) return {};
  const std::string_view digits = value(head, kLength);
  const char* end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, head.body_bytes);
  const bool is_number = !digits.empty() && error == std::errc{} && at == end;
  return is_number ? Problem() : bad("a Content-Length that is no number");
}

Problem read_expectation(HttpHead& head) {
  const std::string_view expected = value(head, "expect");
  if (head.is_1_0 || expected.empty()) return {};
  if (lower(expected) != "100-continue") return HttpRefusal{417, "only 100-continue", {}};
  head.awaits_continue = head.has_body();
  return {};
}

}  // namespace

tl::expected<HttpHead, HttpRefusal> read_http_head(std::string_view raw) {
  if (auto wrong = check_lines(raw)) return tl::unexpected(*wrong);
  http::request_parser<http::empty_body> parser;
  parser.header_limit(UINT32_MAX);  // whoever read it has counted
  parser.body_limit(UINT64_MAX);
  boost::system::error_code error;
  parser.put(boost::asio::buffer(raw.data(), raw.size()), error);
  if (error == http::error::bad_version) return tl::unexpected(HttpRefusal{505, {}, {}});
  if (error && error != http::error::need_more) return tl::unexpected(bad(error.message()));
  if (!parser.is_header_done()) return tl::unexpected(bad("an incomplete head"));
  const Parsed& parsed = parser.get();
  HttpHead head;
  head.method = text(parsed.method_string());
  head.is_1_0 = parsed.version() == 10;
  head.keeps_alive = parser.keep_alive();
  for (const auto& field : parsed) {
    head.fields.push_back({lower(text(field.name_string())), std::string(text(field.value()))});
  }
  Problem wrong = read_target(text(parsed.target()), head);
  if (!wrong) wrong = check_host(head);
  if (!wrong) wrong = read_length(head);
  if (!wrong) wrong = read_expectation(head);
  if (wrong) return tl::unexpected(*wrong);
  return head;
}

bool wants_json(const HttpHead& head) {
  return head.path.starts_with("/api/") ||
         value(head, "accept").find("json") != std::string::npos ||
         value(head, "content-type").find("json") != std::string::npos;
}

std::ostream& operator<<(std::ostream& out, const HttpHead& head) {
  out << head.method << ' ' << head.path << '?' << head.query << (head.is_1_0 ? " 1.0" : " 1.1")
      << (head.keeps_alive ? " keep-alive" : " close");
  if (head.is_chunked) return out << " chunked";
  return out << ' ' << head.body_bytes << (head.awaits_continue ? " expected" : "");
}

}  // namespace estop::daemon
