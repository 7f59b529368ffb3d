// SPDX-License-Identifier: Apache-2.0

// What a Connection holds, and the one hop from other threads to the loop. Internal.
//
// nats.c's own reconnect is switched off: in event-loop mode its parser would go on in the middle
// of the message in which the connection broke, read past its buffer and fail for ever
// (nats.c issue 1007, open in 3.13). A lost connection is given up whole and a new one is made, on
// a thread of ours because connecting blocks.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>  // before Asio 1.74, which uses std::exchange without it
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "broker-bridge/daemon/descriptor.h"
#include "broker-bridge/nats/connection.h"
#include "broker-bridge/nats/credentials.h"
#include "broker-bridge/nats/names.h"
#include "broker-bridge/nats/owners.h"
#include "broker-bridge/nats/url.h"

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

// Why the connection ended or complained, in the broker's words if it said any.
[[nodiscard]] std::string last_error(natsConnection* nc);
// Whether the broker said so of a credential that it had accepted: revoked, expired.
[[nodiscard]] bool is_about_credential(const std::string& error);

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
  [[nodiscard]] bool publish(const char* subject, const char* reply, std::string_view data,
                             const Headers* headers);
  [[nodiscard]] bool publish_guarded(const char* subject, std::string_view data);
  [[nodiscard]] std::size_t payload_max_bytes() const;

  // event_loop.cc
  [[nodiscard]] bool attached() const {
    return link_ != nullptr && !link_->lost.load(std::memory_order_acquire);
  }
  // False also from abandon() until the connection is told lost: nothing more leaves over it.
  [[nodiscard]] bool may_use() const { return attached() && abandoned_.empty(); }
  void flush();
  void poll();
  [[nodiscard]] std::uint64_t batches() const { return batches_; }
  [[nodiscard]] std::size_t buffered_bytes() const;
  [[nodiscard]] std::size_t unconfirmed_bytes();
  void abandon(const std::string& reason);

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
  // What the library's callbacks know of one connection. It keeps itself, and the State, until the
  // last of them (`closed`).
  struct Link {
    std::shared_ptr<State> state;
    std::shared_ptr<Link> self;
    daemon::Descriptor socket;  // our duplicate, until the loop adopts it
    int library_socket = -1;    // ours to close from nats.c 3.9.2 on
    std::atomic<bool> lost{false};
  };
  // One connection that the broker accepted.
  struct Made {
    std::shared_ptr<Link> link;
    ConnectionOwner nc;
  };
  struct Refusal {
    schemas::Error error;
    bool of_credential = false;
  };

  // nats.c's callbacks, on its threads. They only hop.
  static natsStatus on_attach(void** user, void* loop, natsConnection* nc, natsSock fd);
  static natsStatus on_read(void* user, bool add);
  static natsStatus on_write(void* user, bool add);
  static natsStatus on_detach(void* user);
  static void on_closed(natsConnection* nc, void* closure);
  static void on_lame_duck(natsConnection* nc, void* closure);
  static void on_error(natsConnection* nc, natsSubscription* sub, natsStatus status, void* closure);

  // One attempt to connect, and many; from any thread.
  schemas::Result<OptionsOwner> make_options(const Url& url, Link& link);
  tl::expected<Made, Refusal> attempt();
  tl::expected<Made, Refusal> attempt(const Url& url);
  [[nodiscard]] schemas::Error refusal(natsStatus status) const;
  void keep_connecting(int refused);     // on connector_, until connected, refused twice or closed
  [[nodiscard]] bool wait_to_connect();  // false: closed
  void start_connecting(int refused);
  void leave_lame_duck(const std::shared_ptr<Link>& link);

  void adopt(Made made);
  void drop(const std::shared_ptr<Link>& link);  // nothing if it is gone already
  void lose(const std::string& reason);          // what there is of a connection, and says so
  void release();                                // of socket, subscriptions and connection
  void end(std::string reason);                  // the credential was refused

  void start(Subscription& subscription);
  void cut(std::string reason);
  void abandon_soon();
  void arm_read();
  void arm_write();
  void watch_silence();
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
  Names names_;
  bool closed_ = false;

  // The connection, or none while there is none. The socket is our own duplicate of the library's.
  // It and the timer end with close(), on the loop: the State itself may be freed by a library
  // thread when the loop is gone.
  std::shared_ptr<Link> link_;
  ConnectionOwner nc_;
  std::optional<boost::asio::posix::stream_descriptor> socket_;
  bool read_armed_ = false;
  bool write_armed_ = false;
  bool moving_ = false;    // the connector makes the next connection while this one serves
  std::string abandoned_;  // why
  bool in_batch_ = false;
  Clock::time_point heard_at_;    // the broker's machine gave a sign of life
  bool guarded_ = false;          // what is buffered holds something of publish_guarded
  std::size_t unsent_bytes_ = 0;  // upper estimate between two flushes
  std::uint64_t batches_ = 0;

  // Of the batch. nats.c frees a message on a thread of its own that destroying one wakes, so they
  // are handed over together, when what they caused is sent.
  std::vector<MessageOwner> spent_;

  std::vector<std::shared_ptr<Subscription>> subscriptions_;
  SubscriptionId last_subscription_ = 0;

  std::unordered_map<std::uint64_t, Request> requests_;
  std::multimap<Clock::time_point, std::uint64_t> deadlines_;
  std::optional<boost::asio::steady_timer> timer_;
  std::optional<boost::asio::steady_timer> silence_timer_;
  std::string nonce_;
  std::uint64_t last_request_ = 0;

  // Shared with other threads.
  Hop hop_;
  std::atomic<bool> flush_posted_{false};
  std::atomic<bool> will_flush_{false};  // a batch is being handled, at whose end comes a flush

  std::thread connector_;  // joined before the next one and by close()
  std::mutex connector_mutex_;
  std::condition_variable connector_ended_;
  bool connector_shall_end_ = false;  // guarded by connector_mutex_
};

}  // namespace estop::nats
