// SPDX-License-Identifier: Apache-2.0

// Which handler a request goes to. Pure; the table does not change once the listener has it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "broker-bridge/daemon/http_message.h"

namespace estop::daemon {

class HttpResponder;
using HttpHandler = std::function<void(HttpRequest, HttpResponder)>;

class HttpRoutes {
 public:
  // `method`: "GET" or "POST"; GET serves HEAD, too, and the listener leaves the body out. A second
  // handler for the same takes the place of the first.
  HttpRoutes& add(std::string method, std::string path, HttpHandler handler);
  // All paths that begin with `path`, which ends in '/'. The longest wins, an exact path before it.
  HttpRoutes& add_below(std::string method, std::string path, HttpHandler handler);

  struct Found {
    const HttpHandler* handler;  // lives as long as the table
    std::string rest;            // of the path
  };
  // 404: no such path; 405: not with that method, with those it has; 501: no method of HTTP.
  [[nodiscard]] tl::expected<Found, HttpRefusal> find(std::string_view method,
                                                      std::string_view path) const;

 private:
  using Methods = std::map<std::string, HttpHandler, std::less<>>;
  using Table = std::map<std::string, Methods, std::less<>>;
  Table exact_;
  Table below_;
};

}  // namespace estop::daemon
