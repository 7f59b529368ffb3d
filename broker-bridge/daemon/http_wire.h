// SPDX-License-Identifier: Apache-2.0

// One connection of a client, over TCP or TLS, with one timer. On the listener's thread.
//
// One read and one write may be under way at a time. Each callback is called once, also after
// close(); those of greet() and finish() may be called before these return. A callback has to keep
// the wire alive: the wire does not keep itself. Only the callback of arm() may be dropped.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "broker-bridge/daemon/descriptor.h"

namespace boost::asio {
class io_context;
namespace ssl {
class context;
}
}  // namespace boost::asio

namespace estop::daemon {

class HttpWire {
 public:
  using Done = std::function<void(bool)>;             // false: the connection is over, or cancelled
  using Got = std::function<void(std::string_view)>;  // empty: the same
  HttpWire() = default;
  virtual ~HttpWire() = default;
  HttpWire(const HttpWire&) = delete;
  HttpWire& operator=(const HttpWire&) = delete;

  virtual void greet(Done done) = 0;                          // the handshake of TLS
  virtual void read(Got got) = 0;                             // the bytes are there during the call
  virtual void write(std::string_view bytes, Done done) = 0;  // they must live until then
  virtual void finish(Done done) = 0;                         // nothing more will be written
  virtual void discard(Got got) = 0;  // after finish(): bytes of the transport, unread
  virtual void cancel() = 0;          // what is under way ends
  virtual void close() = 0;           // the same, and the timer
  // Calls `late` unless it is armed again before; the one before is forgotten.
  virtual void arm(std::chrono::milliseconds time, std::function<void()> late) = 0;
  virtual void disarm() = 0;
  [[nodiscard]] virtual bool is_tls() const = 0;
};

// `socket`: connected and non-blocking. Without a `tls` it is plain.
[[nodiscard]] std::unique_ptr<HttpWire> make_wire(
    boost::asio::io_context& io, Descriptor socket, int family,
    const std::shared_ptr<boost::asio::ssl::context>& tls);

}  // namespace estop::daemon
