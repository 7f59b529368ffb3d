// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/http_routes.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace estop::daemon {
namespace {

constexpr std::string_view kMethods[] = {"GET",   "HEAD",    "POST",  "PUT",    "DELETE",
                                         "PATCH", "OPTIONS", "TRACE", "CONNECT"};

}  // namespace

HttpRoutes& HttpRoutes::add(std::string method, std::string path, HttpHandler handler) {
  exact_[std::move(path)][std::move(method)] = std::move(handler);
  return *this;
}

HttpRoutes& HttpRoutes::add_below(std::string method, std::string path, HttpHandler handler) {
  below_[std::move(path)][std::move(method)] = std::move(handler);
  return *this;
}

tl::expected<HttpRoutes::Found, HttpRefusal> HttpRoutes::find(std::string_view method,
                                                              std::string_view path) const {
  if (std::find(std::begin(kMethods), std::end(kMethods), method) == std::end(kMethods)) {
    return tl::unexpected(HttpRefusal{501, "no such method", {}});
  }
  const Methods* methods = nullptr;
  std::size_t known_bytes = path.size();
  if (const auto exact = exact_.find(path); exact != exact_.end()) {
    methods = &exact->second;
  } else {
    // A longer prefix of the same path comes behind a shorter one.
    for (const auto& [prefix, theirs] : below_) {
      if (!path.starts_with(prefix)) continue;
      methods = &theirs;
      known_bytes = prefix.size();
    }
  }
  if (methods == nullptr) return tl::unexpected(HttpRefusal{404, {}, {}});
  const auto found = methods->find(method == "HEAD" ? std::string_view("GET") : method);
  if (found != methods->end()) {
    return Found{&found->second, std::string(path.substr(known_bytes))};
  }
  std::string allow;
  for (const auto& [name, handler] : *methods) {
    if (!allow.empty()) allow += ", ";
    allow += name == "GET" ? "GET, HEAD" : name;
  }
  return tl::unexpected(HttpRefusal{405, {}, allow});
}

}  // namespace estop::daemon
