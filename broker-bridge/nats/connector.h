// SPDX-License-Identifier: Apache-2.0

// Makes connections: a single attempt, or attempts on a thread of its own, because connecting
// blocks. Internal.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "broker-bridge/nats/connection.h"
#include "broker-bridge/nats/credentials.h"
#include "broker-bridge/nats/link.h"
#include "broker-bridge/nats/names.h"
#include "broker-bridge/nats/owners.h"
#include "broker-bridge/nats/url.h"

namespace estop::nats {

struct Refusal {
  schemas::Error error;
  bool of_credential = false;
};

// Call everything except attempt() on the loop.
class Connector {
 public:
  Connector(ConnectOptions options, std::shared_ptr<Relay> relay);
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  // Tries each server of the url once. Blocks. Do not call it while the thread runs.
  tl::expected<Made, Refusal> attempt();
  // Tries on the thread until it is connected, refused refused_max times in a row (`refused` of
  // them were before), or ended. The relay reports the first two.
  void start(int refused);
  [[nodiscard]] bool is_started() const { return thread_.joinable(); }
  void end();   // as soon as the attempt under way is over
  void join();  // waits for that

 private:
  [[nodiscard]] tl::expected<Made, Refusal> attempt(const Url& url);
  [[nodiscard]] schemas::Result<OptionsOwner> make_options(const Url& url, Link& link);
  [[nodiscard]] schemas::Error refusal(natsStatus status) const;
  void keep_connecting(int refused);
  [[nodiscard]] bool wait_to_connect();  // false: ended

  const ConnectOptions options_;
  const std::shared_ptr<Relay> relay_;
  const std::shared_ptr<Credentials> credentials_;
  Names names_;
  std::thread thread_;  // joined before the next one and by join()
  std::mutex mutex_;
  std::condition_variable ended_;
  bool shall_end_ = false;  // guarded by mutex_
};

}  // namespace estop::nats
