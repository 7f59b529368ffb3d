// SPDX-License-Identifier: Apache-2.0

// A small HTTP server for status pages and metrics, on the daemon's own loop.
//
// GET and HEAD only. Bounds: 8 KiB of headers, 5 s for a request and for its answer, 64
// connections, so that a stuck client costs nothing. When one more comes, the one that has waited
// longest without a complete request is closed: a probe is answered however many half requests are
// held open. No TLS: loopback by default, a proxy in front otherwise. Pages are built on the loop
// between two batches of intents: keep them under a millisecond.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "schemas/result.h"

namespace boost::asio {
class io_context;
}

namespace estop::daemon {

struct Page {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

[[nodiscard]] Page text_page(int status, std::string text);

class StatusServer {
 public:
  using Pages = std::map<std::string, std::function<Page()>>;  // "/metrics" → what builds it

  struct Options {
    std::string host = "127.0.0.1";  // an IP address
    std::uint16_t port = 0;          // 0: any free one
  };

  // kBadArgument: not an address; kNoContact: the port is taken, or no right to it.
  [[nodiscard]] static schemas::Result<std::unique_ptr<StatusServer>> start(
      boost::asio::io_context& loop, const Options& options, Pages pages);
  ~StatusServer();  // closes the port and every connection
  StatusServer(const StatusServer&) = delete;
  StatusServer& operator=(const StatusServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept;

 private:
  struct State;
  explicit StatusServer(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

// /metrics, /readyz, and /livez: 200 while the loop runs.
[[nodiscard]] StatusServer::Pages status_pages(std::function<std::string()> metrics,
                                               std::function<Page()> readiness);

}  // namespace estop::daemon
