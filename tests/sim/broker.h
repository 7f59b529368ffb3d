// SPDX-License-Identifier: Apache-2.0

// The broker: accounts, permissions, subjects with wildcards, queue groups, at most once; one
// JetStream stream in CONTROL. Who does not listen at that moment never hears a message.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/subjects.h"
#include "tests/sim/ground.h"
#include "tests/sim/session.h"
#include "tests/sim/stream.h"

namespace estop::sim {

class Broker {
 public:
  // What an observer beside the broker sees: publishes that it accepted, in its order.
  using Accepted = std::function<void(const Message& message)>;
  Broker(Ground& ground, const schemas::Subjects& subjects, Stream::Events stream,
         Accepted accepted);

  void add_user(User user);
  [[nodiscard]] std::vector<std::unique_ptr<Link>>& links() { return links_; }
  [[nodiscard]] Stream& stream() { return stream_; }
  [[nodiscard]] bool is_up() const { return up_; }

  // The client's side. dial: null if the broker cannot be reached now.
  [[nodiscard]] SessionPtr dial(const std::string& user);
  void send(const SessionPtr& session, std::vector<Request> requests);
  void hang_up(const SessionPtr& session);

  // Faults.
  void cut(Link& link, bool up, bool down, Nanos how_long);
  void stop(Nanos down_for);         // every connection ends; comes back by itself
  void misplace_subscription();      // a random one of a random connection
  void stall_agent(Nanos how_long);  // a subscription of one
  void find_subscriptions_again();
  void inject(std::string subject, std::string data);  // from nowhere, into CONTROL

 private:
  void handle(const SessionPtr& session, const Publish& publish);
  void handle(const SessionPtr& session, const Subscribe& subscribe);
  void handle(const SessionPtr& session, const Unsubscribe& unsubscribe);
  std::size_t route(const MessagePtr& message, control::Account account);
  void deliver(const SessionPtr& session, Subscription& subscription, const MessagePtr& message);
  void deliver_at(Nanos when, const SessionPtr& session, std::uint64_t id,
                  const MessagePtr& message);
  void expect_confirmation(const SessionPtr& session, Nanos confirmed);
  void reply_to(const Message& asked, Message answer);
  void lose(const SessionPtr& session, const std::string& reason);
  void drop(const SessionPtr& session);

  Ground& ground_;
  std::string log_subject_;
  std::string lease_subject_;
  Stream stream_;
  Accepted accepted_;
  bool up_ = true;
  std::vector<std::unique_ptr<Link>> links_;
  std::vector<SessionPtr> sessions_;
};

}  // namespace estop::sim
