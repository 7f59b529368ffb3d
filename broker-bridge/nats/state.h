// SPDX-License-Identifier: Apache-2.0

// The parts of a Connection, and its states: connecting, serving, lost, ended. On the loop.
// Internal.
//
// nats.c's own reconnect is switched off. In event-loop mode its parser would continue in the
// middle of the message in which the connection broke, read past its buffer and fail for ever
// (nats.c issue 1007, open in 3.13). So we discard a lost connection whole and make a new one.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "broker-bridge/nats/connection.h"
#include "broker-bridge/nats/connector.h"
#include "broker-bridge/nats/link.h"
#include "broker-bridge/nats/requests.h"
#include "broker-bridge/nats/wire.h"

namespace estop::nats {

class Connection::State : public std::enable_shared_from_this<State> {
 public:
  [[nodiscard]] static std::shared_ptr<State> make(boost::asio::io_context& loop,
                                                   ConnectOptions options, const std::string& inbox,
                                                   ConnectionEvents events);
  State(boost::asio::io_context& loop, ConnectOptions options, const std::string& inbox,
        ConnectionEvents events);

  schemas::Result<void> connect(bool retry);
  void close();
  [[nodiscard]] Wire& wire() { return *wire_; }
  [[nodiscard]] Requests& requests() { return *requests_; }

 private:
  [[nodiscard]] RelayEvents heard_by_relay();
  void adopt(Made made);
  void drop(const std::shared_ptr<Link>& link);  // nothing if it is gone already
  void lose(const std::string& reason);          // gives up the connection, if any, and reports it
  void end(std::string reason);                  // the credential was refused
  void leave_lame_duck(const std::shared_ptr<Link>& link);
  void complain(const std::string& text);

  const ConnectOptions options_;
  ConnectionEvents events_;
  const std::shared_ptr<Relay> relay_;
  const std::shared_ptr<Wire> wire_;
  const std::shared_ptr<Requests> requests_;
  Connector connector_;
  bool moving_ = false;  // the connector makes the next connection while this one serves
  bool closed_ = false;
};

}  // namespace estop::nats
