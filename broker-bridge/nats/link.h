// SPDX-License-Identifier: Apache-2.0

// The objects that nats.c's threads may touch: a link for each of its connections, and one relay
// from there to the loop. Internal.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "broker-bridge/daemon/descriptor.h"
#include "broker-bridge/nats/connection.h"
#include "broker-bridge/nats/credentials.h"
#include "broker-bridge/nats/owners.h"

namespace estop::nats {

// Posts to the loop from any thread until it is shut; after that the loop may be gone.
class Hop {
 public:
  explicit Hop(boost::asio::io_context& loop) : loop_(&loop) {}
  template <class F>
  void post(F&& work) {
    const std::lock_guard lock(mutex_);
    if (loop_ != nullptr) boost::asio::post(*loop_, std::forward<F>(work));
  }
  void shut() {
    const std::lock_guard lock(mutex_);
    loop_ = nullptr;
  }

 private:
  std::mutex mutex_;
  boost::asio::io_context* loop_;
};

struct Link;

// One connection that the broker accepted.
struct Made {
  std::shared_ptr<Link> link;
  ConnectionOwner nc;
};

// Events of other threads. Each is called on the loop, and does nothing when its receiver is gone.
struct RelayEvents {
  std::function<void(Made made)> connected;
  std::function<void(std::string reason)> refused;  // the credential, for good
  std::function<void(const std::shared_ptr<Link>& link)> lost;
  std::function<void(const std::shared_ptr<Link>& link)> lame_duck;
  std::function<void(std::string text)> error;
  std::function<void()> write;  // bytes wait for a flush
};

// One for all links of a Connection. The loop's side shuts the hop before it ends.
struct Relay {
  explicit Relay(boost::asio::io_context& loop) : hop(loop) {}
  Hop hop;
  RelayEvents events;  // set before the first link is made
  std::atomic<bool> flush_posted{false};
  std::atomic<bool> will_flush{false};  // a flush follows the batch that is being handled
};

// The library's callbacks know one connection by its Link. A Link holds itself until the last
// callback (`closed`).
struct Link {
  // Directs the callbacks of the connection that `options` will make to this link.
  [[nodiscard]] natsStatus hear(natsOptions* options);

  std::shared_ptr<Relay> relay;
  std::shared_ptr<Credentials> credentials;  // the library may ask for a signature
  Millis unconfirmed_max{0};
  std::shared_ptr<Link> self;
  daemon::Descriptor socket;  // our duplicate, until the loop adopts it
  int library_socket = -1;    // ours to close from nats.c 3.9.2 on
  std::atomic<bool> lost{false};
};

// Why the connection ended or complained, in the broker's words if there are any.
[[nodiscard]] std::string last_error(natsConnection* nc);

}  // namespace estop::nats
