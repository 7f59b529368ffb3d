// SPDX-License-Identifier: Apache-2.0

// Requests on their way to the daemon's loop: bounded, and one a turn. Between two of them the loop
// does all other work that is ready, so a flood of requests delays a lease or a kill by one page at
// most.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

#include "broker-bridge/daemon/http_responder.h"
#include "broker-bridge/daemon/http_routes.h"

namespace boost::asio {
class io_context;
}

namespace estop::daemon {

class HttpQueue : public std::enable_shared_from_this<HttpQueue> {
 public:
  // `handler` has to live until close().
  struct Entry {
    const HttpHandler* handler;
    HttpRequest request;
    HttpResponder responder;
  };
  HttpQueue(boost::asio::io_context& loop, std::size_t max) : loop_(loop), max_(max) {}

  // From any thread. False: it is full or closed, and `entry` is as it was.
  [[nodiscard]] bool push(Entry& entry);
  // On the loop: no handler is called any more.
  void close();

 private:
  void take_turn();
  void post();

  boost::asio::io_context& loop_;
  const std::size_t max_;
  std::mutex mutex_;
  std::deque<Entry> waiting_;
  bool is_posted_ = false;
  bool is_closed_ = false;
};

}  // namespace estop::daemon
