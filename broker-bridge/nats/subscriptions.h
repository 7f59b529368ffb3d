// SPDX-License-Identifier: Apache-2.0

// The subscriptions of a Connection: what they are outlives the broker connection, on which they
// are made again. Drained on the loop. Internal.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker-bridge/nats/connection.h"
#include "broker-bridge/nats/owners.h"

namespace estop::nats {

class Subscriptions {
 public:
  using Id = Connection::SubscriptionId;

  // Made at once if there is an `nc`. `no_responders`: nats.c keeps that answer to itself.
  Id add(natsConnection* nc, std::string pattern, std::string queue, Connection::Handler handler,
         std::function<void()> no_responders);
  void remove(Id id);

  void start(natsConnection* nc);  // all of them, on a new connection
  void stop();                     // before their connection is freed

  // Handles what was read, subscription by subscription. Handlers may do anything.
  void drain();
  [[nodiscard]] bool in_batch() const { return in_batch_; }
  // nats.c frees a message on a thread of its own that destroying one wakes. So those of a batch
  // are kept, and handed over together by end_batch(), when what they caused is sent. Outside of a
  // batch it is freed at once.
  void spend(MessageOwner message);
  void end_batch() { spent_.clear(); }

  // No handler is called any more. Then, with the connection closed, clear().
  void silence();
  void clear();

 private:
  struct Subscription {
    Id id = 0;
    std::string pattern;
    std::string queue;
    Connection::Handler handler;
    std::function<void()> no_responders;
    SubscriptionOwner handle;  // none until connected
    bool dead = false;
  };

  static void start(natsConnection* nc, Subscription& subscription);
  void drain(Subscription& subscription);
  void bury();  // erases what was unsubscribed during a batch

  std::vector<std::shared_ptr<Subscription>> all_;
  Id last_ = 0;
  bool in_batch_ = false;
  std::vector<MessageOwner> spent_;
};

}  // namespace estop::nats
