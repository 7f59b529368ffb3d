// SPDX-License-Identifier: Apache-2.0

// The HTTP listener of a daemon: status pages and probes, later the API and hooks.
//
// HTTP/1.1 and 1.0, GET, HEAD and POST, over TLS or plain. One thread of the listener's own does
// everything about a connection (TLS, parsing, clocks, limits) and yields to other threads. Only
// handlers run on the daemon's loop, one a turn, so that no client delays a lease or a kill: keep
// them under a millisecond. They answer at once or later, on the loop (http_responder.h).
//
// The listener itself refuses wrong requests (400), paths and methods without a handler (404, 405,
// 501), too slow (408), too large (413, 414, 431), expectations (417), versions (505), too many
// (503); as text, or as application/problem+json for programs. It knows no users: every client that
// reaches the port may ask. Hence loopback by default.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "broker-bridge/daemon/http_limits.h"
#include "broker-bridge/daemon/http_responder.h"
#include "broker-bridge/daemon/http_routes.h"
#include "broker-bridge/daemon/tls_files.h"
#include "schemas/result.h"

namespace boost::asio {
class io_context;
}

namespace estop::daemon {

struct ListenOptions {
  std::string host = "127.0.0.1";  // an IP address
  std::uint16_t port = 0;          // 0: any free one
  TlsFiles tls;                    // not given: plain
  bool is_plain_allowed = false;   // beyond the loopback without TLS
  HttpLimits limits;
};

class Listener {
 public:
  // kBadArgument: not an address, plain beyond the loopback, or wrong TLS files; kNoContact: the
  // port is taken, or no right to it. `loop` must outlive the listener. Nothing that a handler
  // refers to is touched after the listener's end.
  [[nodiscard]] static schemas::Result<std::unique_ptr<Listener>> start(
      boost::asio::io_context& loop, ListenOptions options, HttpRoutes routes);
  // On the loop's thread, or when nobody runs the loop: closes the port and every connection.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept;
  // Reads the TLS files again, if there are any, for later connections. False: one of them is
  // wrong; the log reports it, and nothing has changed.
  bool reload_tls();
  // Takes no more connections; answers the requests that are under way, ends streams, and calls
  // `done` on the loop when all are gone, after `patience` at the latest. Once.
  void leave(std::chrono::milliseconds patience, std::function<void()> done);
  // Connections that have a place now. From any thread.
  [[nodiscard]] std::size_t connections() const noexcept;

 private:
  struct State;
  explicit Listener(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace estop::daemon
