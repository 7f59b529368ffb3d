// SPDX-License-Identifier: Apache-2.0

// nats::Connection on the simulated broker: takes the place of the library in broker-bridge/nats,
// so that everything above it (JetStream, the readers of the log, what control hears) is the real
// code. The same contract: batches by subscription, one write per turn, nothing is kept for later.
#include "broker-bridge/nats/connection.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>

#include "tests/sim/loop.h"

namespace estop::nats {

using schemas::Errc;
using schemas::fail;
using sim::MessagePtr;

namespace {

constexpr sim::Nanos kReconnectLeast = 50 * sim::kMs;
constexpr sim::Nanos kReconnectMost = 100 * sim::kMs;
constexpr std::size_t kPayloadMax_bytes = 1024 * 1024;
constexpr sim::Nanos kBusyMost = 5 * sim::kMs;

}  // namespace

class Connection::State : public std::enable_shared_from_this<State>, public sim::SimLoop::Writer {
 public:
  State(sim::SimLoop& loop, ConnectOptions options, std::string inbox, ConnectionEvents events)
      : loop_(loop),
        process_(loop.process),
        broker_(loop.broker),
        user_(std::move(options.creds_file)),
        unconfirmed_max_(options.unconfirmed_max.count() * sim::kMs),
        inbox_(std::move(inbox)),
        events_(std::move(events)) {
    inbox_.pop_back();  // the `>` of the pattern
    loop_.begin(*this);
  }
  ~State() override { close(); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[nodiscard]] bool attached() const { return session_ && session_->client_has_it; }
  [[nodiscard]] std::uint64_t batches() const { return batches_; }
  void connect() { dial_after(0); }
  void close();
  void tell_of(const std::string& pattern) { process_.subscribes(user_, pattern); }
  SubscriptionId subscribe(std::string pattern, std::string queue, Handler handler);
  void unsubscribe(SubscriptionId id);
  bool publish(const std::string& subject, const std::string& reply, std::string_view data,
               const Headers& headers);
  void request(const std::string& subject, std::string_view data, Millis timeout,
               ReplyHandler handler, const Headers& headers);
  void flush();
  void write() override { flush(); }
  void abandon(const std::string& reason);
  [[nodiscard]] std::size_t buffered_bytes() const { return unsent_bytes_; }
  [[nodiscard]] std::size_t unconfirmed_bytes() const;
  void poll() {
    if (!in_batch_ && !arrived_.empty()) read();
  }

 private:
  struct Known {  // a subscription
    SubscriptionId id = 0;
    std::string pattern;
    std::string queue;
    Handler handler;
    std::vector<MessagePtr> pending;
    bool dead = false;
  };
  struct Asked {
    SubscriptionId subscription = 0;
    ReplyHandler handler;
  };
  void dial();
  void dial_after(sim::Nanos wait);
  void dial_later();
  // Later, unless this is gone by then.
  void after(sim::Nanos wait, std::function<void()> work);
  void arrive(SubscriptionId id, const MessagePtr& message);
  void read();
  void drain(Known& subscription);
  void lost(const std::string& reason);
  void answer(std::uint64_t request, schemas::Result<MessageView> result);

  sim::SimLoop& loop_;
  sim::Process& process_;
  sim::Broker& broker_;
  std::string user_;
  sim::Nanos unconfirmed_max_;
  std::string inbox_;
  ConnectionEvents events_;
  sim::SessionPtr session_;
  std::vector<std::shared_ptr<Known>> subscriptions_;
  std::vector<sim::Request> unsent_;
  std::size_t unsent_bytes_ = 0;
  using Arrived = std::vector<std::pair<SubscriptionId, MessagePtr>>;
  Arrived arrived_;  // in the socket
  Arrived batch_;    // being read
  std::map<std::uint64_t, Asked> requests_;
  bool closed_ = false;
  bool in_batch_ = false;
  bool read_is_due_ = false;
  std::uint64_t batches_ = 0;
  std::uint64_t last_subscription_ = 0;
  std::uint64_t last_request_ = 0;
};

void Connection::State::after(sim::Nanos wait, std::function<void()> work) {
  process_.after(wait, [weak = weak_from_this(), work = std::move(work)] {
    const auto self = weak.lock();
    if (self && !self->closed_) work();
  });
}

// A process that was killed writes nothing.
void Connection::State::close() {
  if (closed_) return;
  if (process_.is_alive()) flush();
  closed_ = true;
  loop_.end(*this);
  if (session_) broker_.hang_up(session_);
  session_ = nullptr;
  requests_.clear();
  events_ = {};
  for (const auto& one : subscriptions_) one->dead = true;
  if (!in_batch_) subscriptions_.clear();
}

void Connection::State::dial_after(sim::Nanos wait) {
  after(wait, [this] { dial(); });
}

void Connection::State::dial() {
  session_ = broker_.dial(user_);
  if (!session_) return dial_later();
  session_->unconfirmed_max = unconfirmed_max_;
  session_->on_message = [this](SubscriptionId id, const MessagePtr& message) {
    arrive(id, message);
  };
  session_->on_lost = [this](const std::string& reason) {
    after(0, [this, reason, gone = session_] {
      if (gone == session_) lost(reason);
    });
  };
  for (const auto& one : subscriptions_) {
    if (!one->dead) unsent_.emplace_back(sim::Subscribe{one->id, one->pattern, one->queue});
  }
  if (const auto tell = events_.connected) tell();
}

void Connection::State::dial_later() {
  dial_after(process_.ground().random.between(kReconnectLeast, kReconnectMost));
}

void Connection::State::lost(const std::string& reason) {
  broker_.hang_up(session_);
  session_ = nullptr;
  unsent_.clear();
  unsent_bytes_ = 0;
  arrived_.clear();
  std::vector<std::uint64_t> open;
  for (const auto& [id, asked] : requests_) open.push_back(id);
  for (const auto id : open) answer(id, fail(Errc::kNoContact, "contact lost: " + reason));
  if (const auto tell = events_.disconnected) tell(reason);
  dial_later();
}

Connection::SubscriptionId Connection::State::subscribe(std::string pattern, std::string queue,
                                                        Handler handler) {
  auto made = std::make_shared<Known>();
  made->id = ++last_subscription_;
  made->pattern = std::move(pattern);
  made->queue = std::move(queue);
  made->handler = std::move(handler);
  if (attached()) unsent_.emplace_back(sim::Subscribe{made->id, made->pattern, made->queue});
  subscriptions_.push_back(std::move(made));
  return last_subscription_;
}

void Connection::State::unsubscribe(SubscriptionId id) {
  const auto gone = std::find_if(subscriptions_.begin(), subscriptions_.end(),
                                 [id](const auto& one) { return one->id == id; });
  if (gone == subscriptions_.end()) return;
  (*gone)->dead = true;
  process_.unsubscribes(user_, (*gone)->pattern);
  if (attached()) unsent_.emplace_back(sim::Unsubscribe{id});
  if (!in_batch_) std::erase_if(subscriptions_, [](const auto& one) { return one->dead; });
}

bool Connection::State::publish(const std::string& subject, const std::string& reply,
                                std::string_view data, const Headers& headers) {
  if (!attached()) return false;
  auto made = std::make_shared<sim::Message>();
  made->subject = subject;
  made->reply = reply;
  made->data = data;
  made->headers = headers;
  made->from = &session_->link->user;
  made->stamp = process_.ground().stamp();
  process_.sends(user_, *made);
  unsent_bytes_ += data.size() + 1;
  unsent_.emplace_back(sim::Publish{std::move(made)});
  return true;
}

void Connection::State::flush() {
  unsent_bytes_ = 0;
  if (attached() && !unsent_.empty()) broker_.send(session_, std::exchange(unsent_, {}));
}

// What was written and is not confirmed never arrives.
void Connection::State::abandon(const std::string& reason) {
  if (!attached()) return;
  session_->up_ends_at = std::min(session_->up_ends_at, process_.ground().timeline.now());
  session_->client_has_it = false;
  after(0, [this, reason, gone = session_] {
    if (gone == session_) lost(reason);
  });
}

std::size_t Connection::State::unconfirmed_bytes() const {
  if (!attached()) return 0;
  session_->forget_confirmed(process_.ground().timeline.now());
  std::size_t bytes = buffered_bytes();
  for (const auto& sent : session_->unconfirmed) bytes += sent.bytes;
  return bytes;
}

// --- What arrives ---

void Connection::State::arrive(SubscriptionId id, const MessagePtr& message) {
  arrived_.emplace_back(id, message);
  if (read_is_due_) return;
  const auto& weather = process_.ground().weather;
  sim::Random& random = process_.ground().random;
  const bool busy = weather.busy != 0 && random.chance(weather.busy);
  if (!busy && !process_.is_frozen()) {
    return process_.turn([self = shared_from_this()] { self->read(); });
  }
  read_is_due_ = true;
  after(busy ? random.between(0, kBusyMost) : 0, [this] { read(); });
}

// One read: the messages are handled subscription by subscription, in the order of their making.
void Connection::State::read() {
  read_is_due_ = false;
  ++batches_;
  in_batch_ = true;
  batch_.clear();
  std::swap(arrived_, batch_);
  for (auto& [id, message] : batch_) {
    const auto known = std::find_if(subscriptions_.begin(), subscriptions_.end(),
                                    [id = id](const auto& one) { return one->id == id; });
    if (known != subscriptions_.end()) (*known)->pending.push_back(std::move(message));
  }
  for (std::size_t i = 0; i < subscriptions_.size(); ++i) {
    if (subscriptions_[i]->pending.empty()) continue;
    const auto one = subscriptions_[i];
    drain(*one);
  }
  in_batch_ = false;
  std::erase_if(subscriptions_, [](const auto& one) { return one->dead; });
}

void Connection::State::drain(Known& subscription) {
  for (const MessagePtr& message : subscription.pending) {
    if (subscription.dead) break;
    MessageView view;
    view.handle_ = const_cast<sim::Message*>(message.get());
    view.subject = message->subject;
    view.reply = message->reply;
    view.data = message->data;
    process_.arrives(user_, subscription.pattern, *message);
    subscription.handler(view);
    if (!closed_) process_.was_handled(user_, *message);
  }
  subscription.pending.clear();
}

// --- Requests ---

void Connection::State::request(const std::string& subject, std::string_view data, Millis timeout,
                                ReplyHandler handler, const Headers& headers) {
  if (closed_) return;
  const auto id = ++last_request_;
  const std::string reply = inbox_ + "rpc." + std::to_string(id);
  const auto subscription = subscribe(reply, {}, [this, id](const MessageView& view) {
    constexpr int kNobody = 503;
    if (view.broker_status() != kNobody) return answer(id, view);
    answer(id, fail(Errc::kNoContact, "nobody listens there: that part is not running"));
  });
  requests_.emplace(id, Asked{subscription, std::move(handler)});
  if (publish(subject, reply, data, headers)) {
    after(timeout.count() * sim::kMs,
          [this, id] { answer(id, fail(Errc::kTimeout, "no answer in time")); });
  } else {
    after(0, [this, id] {
      answer(id, fail(Errc::kNoContact, "not connected to the broker, or too large for it"));
    });
  }
}

void Connection::State::answer(std::uint64_t request, schemas::Result<MessageView> result) {
  const auto found = requests_.find(request);
  if (found == requests_.end()) return;
  const Asked asked = std::move(found->second);
  requests_.erase(found);
  unsubscribe(asked.subscription);
  asked.handler(std::move(result));
}

// --- The contract ---

std::optional<std::string> MessageView::header(const char* key) const {
  for (const auto& [name, value] : static_cast<const sim::Message*>(handle_)->headers) {
    if (name == key) return value;
  }
  return std::nullopt;
}

int MessageView::broker_status() const {
  return std::stoi(header("Status").value_or("0"));
}

Connection::Connection(Loop& loop, ConnectOptions options, schemas::Subject inbox,
                       ConnectionEvents events)
    : state_(std::make_shared<State>(dynamic_cast<sim::SimLoop&>(loop), std::move(options),
                                     inbox.str(), std::move(events))) {}

Connection::~Connection() {
  state_->close();
}

schemas::Result<void> Connection::connect(bool /*retry*/) {
  state_->connect();
  return {};
}
bool Connection::is_connected() const {
  return state_->attached();
}
Connection::SubscriptionId Connection::subscribe(const schemas::Subject& pattern, Handler handler) {
  state_->tell_of(pattern.str());
  return state_->subscribe(pattern.str(), {}, std::move(handler));
}
Connection::SubscriptionId Connection::queue_subscribe(const schemas::Subject& pattern,
                                                       const schemas::Segment& queue,
                                                       Handler handler) {
  state_->tell_of(pattern.str());
  return state_->subscribe(pattern.str(), queue.text(), std::move(handler));
}
void Connection::unsubscribe(SubscriptionId id) {
  state_->unsubscribe(id);
}
bool Connection::publish(const schemas::Subject& subject, std::string_view data) {
  return state_->publish(subject.str(), {}, data, {});
}
bool Connection::publish(const schemas::Subject& subject, std::string_view data,
                         const Headers& headers, const schemas::Subject& reply) {
  return state_->publish(subject.str(), reply.str(), data, headers);
}
bool Connection::publish_built(const std::string& subject, std::string_view data) {
  return state_->publish(subject, {}, data, {});
}
bool Connection::publish_built(const std::string& subject, std::string_view data,
                               const Headers& headers) {
  return state_->publish(subject, {}, data, headers);
}
void Connection::request(const schemas::Subject& subject, std::string_view data, Millis timeout,
                         ReplyHandler handler, const Headers& headers) {
  state_->request(subject.str(), data, timeout, std::move(handler), headers);
}
void Connection::flush() {
  state_->flush();
}
std::size_t Connection::payload_max_bytes() const {
  return state_->attached() ? kPayloadMax_bytes : 0;
}
std::size_t Connection::buffered_bytes() const {
  return state_->buffered_bytes();
}
std::size_t Connection::unconfirmed_bytes() {
  return state_->unconfirmed_bytes();
}
void Connection::close() {
  state_->close();
}
void Connection::abandon(const std::string& reason) {
  state_->abandon(reason);
}
std::uint64_t Connection::batches() const {
  return state_->batches();
}
void Connection::poll() {
  state_->poll();
}

}  // namespace estop::nats
