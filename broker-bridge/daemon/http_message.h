// SPDX-License-Identifier: Apache-2.0

// The request that an HTTP handler gets and the answer that it gives. Values: any thread may hold
// one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace estop::daemon {

struct HttpField {
  std::string name;  // of a request: in lower case
  std::string value;
  friend bool operator==(const HttpField&, const HttpField&) = default;
};

struct HttpRequest {
  std::string method;  // "GET", "HEAD", "POST": one that the route was made for, or HEAD for GET
  std::string path;    // as sent: percent signs are not decoded; never empty, begins with '/'
  std::string rest;    // for a route of all paths below one: the rest of the path
  std::string query;   // behind the '?', as sent
  std::vector<HttpField> fields;
  std::string body;     // whole; its transfer coding is gone
  std::string peer;     // the IP address that the connection comes from
  bool is_tls = false;  // the connection is encrypted; the client has not proved who it is
  // The value of the first field of that name (lower case); empty: there is none.
  [[nodiscard]] std::string_view field(std::string_view name) const;
};

struct HttpAnswer {
  int status = 200;  // 200 to 599
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<HttpField> fields;  // besides those of the listener: length, type, caching
};

[[nodiscard]] HttpAnswer text_answer(int status, std::string text);

// Why a request gets no page.
struct HttpRefusal {
  int status = 400;
  std::string detail;  // for people; empty: the status says it all
  std::string allow;   // of 405: the methods that the path has
  friend bool operator==(const HttpRefusal&, const HttpRefusal&) = default;
};
// As application/problem+json (RFC 9457), or as text.
[[nodiscard]] HttpAnswer to_answer(const HttpRefusal& refusal, bool as_json);

}  // namespace estop::daemon
