// What a Connection holds, and the one hop from nats.c's threads to the loop. Internal.
//
// Rule that keeps the loop from blocking: nats.c holds the connection's lock during a whole
// reconnect attempt, so no natsConnection_* or natsSubscription_* call is made unless attached().
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>  // before Asio 1.74, which uses std::exchange without it
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

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

class Connection::State : public std::enable_shared_from_this<State> {
 public:
  State(boost::asio::io_context& loop, ConnectOptions options, const std::string& inbox,
        ConnectionEvents events);

  // lifecycle.cc
  schemas::Result<void> connect(bool retry);
  void close();

  // connection.cc
  SubscriptionId subscribe(std::string pattern, std::string queue, Handler handler,
                           std::function<void()> no_responders = {});
  void unsubscribe(SubscriptionId id);
  bool publish(const char* subject, const char* reply, std::string_view data,
               const Headers* headers);

  // event_loop.cc
  [[nodiscard]] bool attached() const {
    return socket_.has_value() && !lost_.load(std::memory_order_acquire);
  }
  void flush();
  void poll();
  [[nodiscard]] std::uint64_t batches() const { return batches_; }
  [[nodiscard]] std::size_t buffered_bytes() const;

  // requests.cc
  void request(const std::string& subject, std::string_view data, Millis timeout,
               const Headers& headers, StreamHandler handler);

 private:
  using Clock = std::chrono::steady_clock;

  struct Subscription {
    SubscriptionId id = 0;
    std::string pattern;
    std::string queue;
    Handler handler;
    std::function<void()> no_responders;  // nats.c keeps that answer to itself
    SubscriptionOwner handle;             // none until connected
    bool dead = false;
  };
  struct Request {
    SubscriptionId subscription = 0;
    Clock::time_point deadline;
    StreamHandler handler;
  };
  struct Arrival {  // a new socket, on its way from a library thread to the loop
    DescriptorOwner socket;
    std::uint64_t generation = 0;
  };

  // nats.c's callbacks, on its threads. They only hop.
  static natsStatus on_attach(void** user, void* loop, natsConnection* nc, natsSock fd);
  static natsStatus on_read(void* user, bool add);
  static natsStatus on_write(void* user, bool add);
  static natsStatus on_detach(void* user);
  static void on_closed(natsConnection* nc, void* closure);
  static void on_error(natsConnection* nc, natsSubscription* sub, natsStatus status, void* closure);

  schemas::Result<OptionsOwner> make_options(bool retry);
  schemas::Result<natsStatus> attempt(bool retry);
  [[nodiscard]] schemas::Error refusal(natsStatus status) const;
  void adopt();                                                    // the newest arrival
  void drop_socket(std::uint64_t generation, std::string reason);  // nothing if it is gone already
  void release_socket();
  void end(std::string reason);  // closed for good by the library

  void start(Subscription& subscription);
  void arm_read();
  void arm_write();
  void read_once();
  void drain();
  void drain(Subscription& subscription);
  void bury();  // erases what was unsubscribed during a batch

  void answer(std::uint64_t id, schemas::Result<MessageView> result);
  void finish(std::uint64_t id);
  void fail_requests(const std::string& reason);
  void arm_timer();
  void expire();
  [[nodiscard]] std::string next_reply();

  boost::asio::io_context& loop_;
  const ConnectOptions options_;
  const std::string inbox_;  // with its last dot
  ConnectionEvents events_;
  Credentials credentials_;
  std::shared_ptr<State> anchor_;  // keeps this alive for the library's callbacks until `closed`
  bool closed_ = false;

  ConnectionOwner nc_;
  // Our own duplicate of the library's socket. It and the timer end with close(), on the loop: the
  // State itself may be freed by a library thread when the loop is gone.
  std::optional<boost::asio::posix::stream_descriptor> socket_;
  std::uint64_t generation_ = 0;  // of socket_
  bool read_armed_ = false;
  bool write_armed_ = false;
  bool in_batch_ = false;
  std::size_t unsent_bytes_ = 0;  // upper estimate between two flushes
  std::uint64_t batches_ = 0;

  // Of the batch. nats.c frees a message on a thread of its own that destroying one wakes, so they
  // are handed over together, when what they caused is sent.
  std::vector<MessageOwner> spent_;

  std::vector<std::shared_ptr<Subscription>> subscriptions_;
  std::vector<SubscriptionOwner> retired_;  // unsubscribed while disconnected
  SubscriptionId last_subscription_ = 0;

  std::unordered_map<std::uint64_t, Request> requests_;
  std::multimap<Clock::time_point, std::uint64_t> deadlines_;
  std::optional<boost::asio::steady_timer> timer_;
  std::string nonce_;
  std::uint64_t last_request_ = 0;

  // Shared with the library's threads.
  Hop hop_;
  std::atomic<bool> lost_{true};
  std::atomic<bool> flush_posted_{false};
  std::atomic<bool> will_flush_{false};  // a batch is being handled, at whose end comes a flush
  std::mutex arrival_mutex_;
  Arrival arrival_;
  std::uint64_t arrivals_ = 0;
  int library_socket_ = -1;
};

}  // namespace estop::nats
