// SPDX-License-Identifier: Apache-2.0

// The handler threads and the deliveries that wait for them.
//
// stop() is a barrier: when it has returned, no handler starts until open(), and every one that
// runs is counted and among the sources to cancel (H21). Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agent-runtime/core/obedience_types.h"
#include "estop/agent_types.h"

namespace estop::agent {

struct Delivery {
  Intent intent;
  schemas::Address from;
  std::string from_instance;  // of requests; otherwise empty
  std::uint64_t life = 0;     // in which it arrived
  BootTime expires{};         // the sender no longer waits then
  std::shared_ptr<const Handler> handler;
};

class HandlerPool {
 public:
  struct Hooks {
    // Before a handler starts, on its thread: false drops the delivery.
    std::function<bool(const Delivery&)> may_start;
    std::function<void(const Delivery&, Result<Bytes>)> done;  // on the handler's thread
    std::function<void(std::uint64_t drain)> ended;            // on a handler's thread
  };
  struct Stopped {
    std::uint64_t dropped = 0;
    std::vector<std::stop_source> running;  // request_stop() may run the user's code: not done here
  };

  HandlerPool(unsigned threads, std::size_t queue_max, Hooks hooks);
  ~HandlerPool();  // finish()
  HandlerPool(const HandlerPool&) = delete;
  HandlerPool& operator=(const HandlerPool&) = delete;

  [[nodiscard]] bool submit(Delivery delivery);  // false: full or closed
  void open();
  // Closes. `ended(drain)` follows when all that is in `running` has ended; not if that is empty.
  [[nodiscard]] Stopped stop(std::uint64_t drain);
  // Only the deliveries of senders in this scope.
  [[nodiscard]] Stopped drop(const schemas::Scope& scope);
  void finish();  // closes and waits for the threads. Not from a handler
  [[nodiscard]] bool is_current() const noexcept;  // this thread is one of its own
  // The life of the delivery that the calling thread handles for this pool.
  [[nodiscard]] std::optional<std::uint64_t> life_of_this_thread() const;
  [[nodiscard]] std::uint64_t not_started() const;  // dropped by may_start

 private:
  struct Running {
    schemas::Address from;
    std::string from_instance;
    std::stop_source stop;
    bool draining = false;
  };
  struct Task {  // a delivery that a handler is at
    Delivery delivery;
    std::list<Running>::iterator running;
  };
  // Under the lock. take: false drops the delivery. end: behind carry_out.
  [[nodiscard]] bool take(Task& task);
  void end(const Task& task);
  void carry_out(const Task& task);  // without the lock
  void handle(const Delivery& delivery, std::stop_token stop);

  // handler_threads.cc
  void wake();
  void run();

  const std::size_t queue_max_;
  const Hooks hooks_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Delivery> queue_;
  std::list<Running> running_;
  std::uint64_t drain_ = 0;
  std::size_t draining_ = 0;
  std::uint64_t not_started_ = 0;
  bool open_ = false;
  bool finishing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace estop::agent
