// SPDX-License-Identifier: Apache-2.0

// Learns from the broker which clients are connected with which credential: from its events, and
// from its list at each connect and now and then, in case an event was lost. Decides nothing.
//
// The list is that of control's own server. Of a cluster's other servers it knows the clients that
// connected since then.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control/app/config.h"
#include "control/core/events.h"

namespace estop::nats {
class Connection;
class Loop;
}  // namespace estop::nats

namespace estop::control {

class ClientWatch {
 public:
  struct Options {
    std::vector<BrokerAccount> accounts;
    std::chrono::milliseconds list_every{60'000};
  };
  using Handler = std::function<void(const Event&)>;

  // `loop` and `sys` must outlive this; `handler` is called on the loop. Subscribes: make it before
  // SYS connects.
  ClientWatch(nats::Loop& loop, nats::Connection& sys, const schemas::Subjects& subjects,
              Options options, Handler handler);
  ~ClientWatch();  // closes `sys`
  ClientWatch(const ClientWatch&) = delete;
  ClientWatch& operator=(const ClientWatch&) = delete;

  // SYS came: what was known is of before.
  void begin();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace estop::control
