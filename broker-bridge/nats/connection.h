// SPDX-License-Identifier: Apache-2.0

// One NATS connection on a loop: no library thread ever runs our code, no call blocks, one
// write per batch.
//
// Wraps nats.c in its event-loop mode. Subscriptions are synchronous; the loop drains them after
// each read, and writes everything that the handlers published once, when the batch ends. Call all
// methods on the loop's thread; all callbacks come on it. While disconnected it publishes nothing
// (publish returns false): a buffer that replays old intents after a reconnect would undo a kill.
// Handlers may call everything here, also unsubscribe, close and the destructor.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker-bridge/nats/loop.h"
#include "schemas/result.h"
#include "schemas/subjects.h"

namespace estop::nats {

using Millis = std::chrono::milliseconds;

// For ConnectOptions::unanswered_pings_max of a program that runs its loop all the time.
inline constexpr int kUnansweredPingsMax = 4;

// A received message. Views live until the handler returns.
class MessageView {
 public:
  std::string_view subject;
  // Empty if none. Never use that of an agent unless Subjects::honoured_reply allows it.
  std::string_view reply;
  std::string_view data;
  // First value of a header, or nullopt. Lifts the headers on first use: only for messages from
  // the broker itself or from a part of Estop, never for an agent's.
  [[nodiscard]] std::optional<std::string> header(const char* key) const;
  // `Status` of a broker answer without a body: 404, 408, …; 0 if it has none.
  [[nodiscard]] int broker_status() const;

 private:
  friend class Connection;
  friend class Subscriptions;
  void* handle_ = nullptr;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct ConnectOptions {
  std::string url = "nats://127.0.0.1:4222";  // several with commas; see url.h; tls:// means TLS
  std::string name;                           // shown by the broker's monitor
  std::string creds_file;                     // path of a .creds file; read at every (re)connect
  // PEM file of a CA. If set: TLS or no connection, to a broker with a certificate of that CA for
  // the host of `url`. Empty: TLS if the broker asks for it, with the system's CAs.
  std::string tls_ca_file;
  Millis connect_timeout{2'000};
  Millis ping_interval{1'000};  // a broker that is silent for three of them is lost
  // If more pings in a row stay unanswered, the connection is given up although bytes still come:
  // its way out stands still. 0: never; for a program that does not always run its loop, because it
  // has not read the answers.
  int unanswered_pings_max = 0;
  Millis reconnect_wait{50};  // with jitter, for ever
  // Refusals of the credential in a row: a single one may come from a broker that does not know it
  // yet.
  int refused_max = 2;
  // How long the kernel repeats bytes that the broker's machine does not confirm, also after the
  // connection was given up; then it drops them. 0: the system's default, many minutes.
  Millis unconfirmed_max{0};
  std::size_t read_bytes = 256 * 1024;  // per read: how long a batch keeps other work waiting
  // Above this number of unsent bytes reading pauses (back-pressure); above 16 times that publish
  // refuses.
  std::size_t write_pause_bytes = 4 * 1024 * 1024;
};

// Events of the connection itself; every member may be empty.
struct ConnectionEvents {
  std::function<void()> connected;                       // first time and after each reconnect
  std::function<void(std::string reason)> disconnected;  // will be retried
  // For good, without close(): the broker has revoked the credential, or refused it refused_max
  // times. A daemon ends itself here.
  std::function<void(std::string reason)> closed;
  // A permissions violation and the like, and the broker's notice that it goes away.
  std::function<void(std::string text)> error;
  // The connection asks this before each write while bytes of publish_guarded are buffered. False:
  // the connection ends as with abandon(), and no byte of the buffer is written. Empty: always
  // true.
  std::function<bool()> may_write;
};

class Connection {
 public:
  using Handler = std::function<void(const MessageView&)>;
  using ReplyHandler = std::function<void(schemas::Result<MessageView>)>;

  // `inbox`: the pattern (`….>`) of this connection's own inbox, from Subjects::own_inbox or
  // inbox_of. request() receives its answers below it, at `….rpc.<unique>`. `loop` is an AsioLoop
  // and must outlive this.
  Connection(Loop& loop, ConnectOptions options, const schemas::Subject& inbox,
             ConnectionEvents events);
  ~Connection();  // closes; blocks at most a second, or connect_timeout during a reconnect
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Connects, once; blocks at most connect_timeout for each server of the url, and as long for its
  // name. kBadArgument (the url), kNoContact (no broker there) or kUnauthenticated, with the
  // broker's own words. With `retry` the first attempt may fail: then it returns kOk and keeps
  // trying in the background; the event `connected` reports success.
  schemas::Result<void> connect(bool retry = false);
  [[nodiscard]] bool is_connected() const;

  using SubscriptionId = std::uint64_t;  // never 0
  // Survives reconnects; may be made before connect(). Pending messages have no limit: a dropped
  // control message would be a lost stop. The messages of one read are handled subscription by
  // subscription, in the order in which the subscriptions were made (subscribe control first).
  SubscriptionId subscribe(const schemas::Subject& pattern, Handler handler);
  SubscriptionId queue_subscribe(const schemas::Subject& pattern, const schemas::Segment& queue,
                                 Handler handler);
  // At once; drops messages that were read and not handled. An unknown id is ignored.
  void unsubscribe(SubscriptionId id);

  // False: not connected, too large for the broker, or too much is unsent. Never blocks or replays.
  // A caller that ignores the result says in a comment why that is safe.
  [[nodiscard]] bool publish(const schemas::Subject& subject, std::string_view data);
  [[nodiscard]] bool publish(const schemas::Subject& subject, std::string_view data,
                             const Headers& headers, const schemas::Subject& reply = {});
  // As publish, for bytes that must not be written late: this process may stand still for any time
  // between a publish and the write of the batch. See ConnectionEvents::may_write.
  [[nodiscard]] bool publish_guarded(const std::string& subject, std::string_view data);
  // For a subject that a Subjects builder wrote into a reused string (the bridge's hot path).
  [[nodiscard]] bool publish_built(const std::string& subject, std::string_view data);
  [[nodiscard]] bool publish_built(const std::string& subject, std::string_view data,
                                   const Headers& headers);
  // The largest message that the broker takes, headers included; 0 while disconnected.
  [[nodiscard]] std::size_t payload_max_bytes() const;

  // Sends a request and calls back once, later, with the first answer, kTimeout, or kNoContact (no
  // responders, disconnected). close() and the destructor drop the request without a call.
  void request(const schemas::Subject& subject, std::string_view data, Millis timeout,
               ReplyHandler handler, const Headers& headers = {});
  // Sends a request and passes on every answer until `handler` returns false, the time is over
  // (then kTimeout, once) or contact is lost (then kNoContact, once).
  using StreamHandler = std::function<bool(schemas::Result<MessageView>)>;
  void request_many(const schemas::Subject& subject, std::string_view data, Millis timeout,
                    StreamHandler handler);

  // Writes the buffer now instead of at the end of the batch: for the messages that follow a kill.
  void flush();
  [[nodiscard]] std::size_t buffered_bytes() const;
  // Published bytes that the other machine's kernel has not confirmed, buffered here or in our
  // kernel.
  [[nodiscard]] std::size_t unconfirmed_bytes();
  // Ends the connection and makes another one: unconfirmed bytes never arrive. The event
  // `disconnected` follows soon, with `reason`. Does nothing without a connection. Do not call it
  // inside a handler.
  void abandon(const std::string& reason);
  // Reads one more time without waiting, if bytes are there, and handles them: lets a busy loop
  // look at control first. Does nothing inside a handler of this same connection.
  void poll();
  // The number of handled reads. A handler that sees a new number knows that the loop has just
  // looked at all its sockets.
  [[nodiscard]] std::uint64_t batches() const;
  // Writes as much as it can without waiting, and ends. No event and no handler is called
  // afterwards.
  void close();

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace estop::nats
