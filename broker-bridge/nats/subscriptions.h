// SPDX-License-Identifier: Apache-2.0

// The subscriptions of a Connection. They outlive the broker connection and are made again on the
// next one. Drained on the loop. Internal.
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

  // Made at once if there is an `nc`. `no_responders` is called for that answer of the broker,
  // which nats.c keeps to itself.
  Id add(natsConnection* nc, std::string pattern, std::string queue, Connection::Handler handler,
         std::function<void()> no_responders);
  void remove(Id id);

  void start(natsConnection* nc);  // all of them, on a new connection
  void stop();                     // before their connection is freed

  // Handles the messages that were read, subscription by subscription. Handlers may do anything.
  void drain();
  [[nodiscard]] bool in_batch() const { return in_batch_; }
  // nats.c frees a message on a thread of its own, which destroying a message wakes. So the
  // messages of a batch are kept, and end_batch() hands them over together, after the effects of
  // the batch are sent. Outside of a batch the message is freed at once.
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
