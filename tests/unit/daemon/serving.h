// SPDX-License-Identifier: Apache-2.0

// A listener with the loop of a daemon on a thread, and clients on real sockets.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "broker-bridge/daemon/listener.h"
#include "tests/support/socket.h"
#include "tests/support/wait_until.h"

namespace estop::testing {

// Behind "GET /path".
inline constexpr const char* kLast = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
inline constexpr const char* kNext = " HTTP/1.1\r\nHost: x\r\n\r\n";

class Serving {
 public:
  Serving(daemon::ListenOptions options, daemon::HttpRoutes routes) {
    auto started = daemon::Listener::start(loop_, std::move(options), std::move(routes));
    if (!started) throw std::runtime_error(to_string(started.error()));
    listener_ = std::move(*started);
    thread_ = std::jthread([this] { loop_.run(); });
  }
  ~Serving() { stop(); }
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  void stop() {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
    listener_.reset();
  }
  [[nodiscard]] daemon::Listener& listener() { return *listener_; }
  [[nodiscard]] boost::asio::io_context& loop() { return loop_; }
  [[nodiscard]] std::thread::id loop_thread() const { return thread_.get_id(); }
  [[nodiscard]] Socket connect() const { return Socket::connect(listener_->port()); }

  // Sends all of it, and reads up to the end of the connection.
  [[nodiscard]] std::string ask(const std::string& bytes) const {
    Socket socket = connect();
    socket.send(bytes);
    return read_to_end(socket);
  }
  // Or up to `end`.
  [[nodiscard]] static std::string read(Socket& socket, const std::string& end) {
    std::string all;
    while (all.find(end) == std::string::npos) {
      const std::string more = socket.receive(kPatience);
      if (more.empty()) return "ended: " + all;
      all += more;
    }
    return all;
  }
  [[nodiscard]] static std::string read_to_end(Socket& socket) {
    std::string all;
    for (std::string more; !(more = socket.receive(kPatience)).empty();) all += more;
    return all;
  }
  // Closed by the other side; what it has sent before is dropped.
  [[nodiscard]] static bool is_closed(const Socket& socket) {
    pollfd ready{socket.fd(), POLLIN, 0};
    char byte = 0;
    while (::poll(&ready, 1, 0) > 0) {
      if (::recv(socket.fd(), &byte, 1, MSG_DONTWAIT) <= 0) return true;
    }
    return false;
  }

 private:
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_{
      loop_.get_executor()};
  std::unique_ptr<daemon::Listener> listener_;
  std::jthread thread_;
};

}  // namespace estop::testing
