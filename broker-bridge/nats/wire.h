// SPDX-License-Identifier: Apache-2.0

// One broker connection after the other, on the loop: its socket, reads in batches, and writes.
// nats.c's event-loop mode on Asio. Internal.
//
// The library owns its socket and closes it when it likes, on its own threads, while Asio still has
// the number in its epoll set; a new file with the same number would then lose its events. So Asio
// gets a duplicate, which only the Wire closes. It calls release() first, which takes the duplicate
// out of the epoll set (close() alone would not while the library's descriptor is open), then
// ::close.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "broker-bridge/nats/connection.h"
#include "broker-bridge/nats/link.h"
#include "broker-bridge/nats/owners.h"
#include "broker-bridge/nats/subscriptions.h"

namespace estop::nats {

class Wire : public std::enable_shared_from_this<Wire> {
 public:
  // `may_write`: as ConnectionEvents has it.
  Wire(boost::asio::io_context& loop, ConnectOptions options, std::function<bool()> may_write,
       std::shared_ptr<Relay> relay);

  void begin(Made made);
  void release();                        // of socket, subscriptions and connection
  [[nodiscard]] std::string why_lost();  // before release()
  void close();                          // for good; drops what is subscribed
  [[nodiscard]] const std::shared_ptr<Link>& link() const { return link_; }  // null: none
  [[nodiscard]] bool attached() const {
    return link_ != nullptr && !link_->lost.load(std::memory_order_acquire);
  }

  Connection::SubscriptionId subscribe(std::string pattern, std::string queue,
                                       Connection::Handler handler,
                                       std::function<void()> no_responders = {});
  void unsubscribe(Connection::SubscriptionId id);
  [[nodiscard]] bool publish(const char* subject, const char* reply, std::string_view data,
                             const Headers* headers);
  [[nodiscard]] bool publish_guarded(const char* subject, std::string_view data);
  [[nodiscard]] std::size_t payload_max_bytes() const;

  void flush();
  void poll();
  [[nodiscard]] std::uint64_t batches() const { return batches_; }
  [[nodiscard]] std::size_t buffered_bytes() const;
  [[nodiscard]] std::size_t unconfirmed_bytes();
  void abandon(const std::string& reason);

 private:
  using Clock = std::chrono::steady_clock;

  // False also from abandon() until the connection is reported lost: no further byte leaves over
  // it.
  [[nodiscard]] bool may_use() const { return attached() && abandoned_.empty(); }
  void cut(std::string reason);
  void abandon_soon();
  void arm_read();
  void arm_write();
  void watch_silence();
  void read_once();

  boost::asio::io_context& loop_;
  const ConnectOptions options_;
  std::function<bool()> may_write_;
  const std::shared_ptr<Relay> relay_;
  Subscriptions subscriptions_;

  // The connection, or none while there is none. The socket is our own duplicate of the library's.
  // It and the timer end with close(), on the loop.
  std::shared_ptr<Link> link_;
  ConnectionOwner nc_;
  std::optional<boost::asio::posix::stream_descriptor> socket_;
  std::optional<boost::asio::steady_timer> silence_timer_;
  bool read_armed_ = false;
  bool write_armed_ = false;
  std::string abandoned_;         // why
  Clock::time_point heard_at_;    // the broker's machine gave a sign of life
  bool guarded_ = false;          // the buffer holds bytes of publish_guarded
  std::size_t unsent_bytes_ = 0;  // upper estimate between two flushes
  std::uint64_t batches_ = 0;
};

}  // namespace estop::nats
