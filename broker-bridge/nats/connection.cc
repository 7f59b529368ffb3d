// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/nats/connection.h"

#include <algorithm>
#include <cstdint>

#include "broker-bridge/nats/asio_loop.h"
#include "broker-bridge/nats/state.h"

namespace estop::nats {
namespace {

constexpr std::size_t kUnsentMax_pauses = 16;  // publish refuses above so many write_pause_bytes
constexpr std::size_t kProtocolOverhead_bytes = 64;  // per publish, besides the payload; estimate

}  // namespace

Connection::Connection(Loop& loop, ConnectOptions options, const schemas::Subject& inbox,
                       ConnectionEvents events)
    : state_(std::make_shared<State>(dynamic_cast<AsioLoop&>(loop).context(), std::move(options),
                                     inbox.str(), std::move(events))) {}

Connection::~Connection() {
  state_->close();
}

schemas::Result<void> Connection::connect(bool retry) {
  return state_->connect(retry);
}
bool Connection::is_connected() const {
  return state_->attached();
}

Connection::SubscriptionId Connection::subscribe(const schemas::Subject& pattern, Handler handler) {
  return state_->subscribe(pattern.str(), {}, std::move(handler));
}

Connection::SubscriptionId Connection::queue_subscribe(const schemas::Subject& pattern,
                                                       const schemas::Segment& queue,
                                                       Handler handler) {
  return state_->subscribe(pattern.str(), queue.text(), std::move(handler));
}

void Connection::unsubscribe(SubscriptionId id) {
  state_->unsubscribe(id);
}

bool Connection::publish(const schemas::Subject& subject, std::string_view data) {
  return state_->publish(subject.c_str(), nullptr, data, nullptr);
}

bool Connection::publish(const schemas::Subject& subject, std::string_view data,
                         const Headers& headers, const schemas::Subject& reply) {
  return state_->publish(subject.c_str(), reply.empty() ? nullptr : reply.c_str(), data, &headers);
}

bool Connection::publish_guarded(const std::string& subject, std::string_view data) {
  return state_->publish_guarded(subject.c_str(), data);
}

bool Connection::publish_built(const std::string& subject, std::string_view data) {
  return state_->publish(subject.c_str(), nullptr, data, nullptr);
}

bool Connection::publish_built(const std::string& subject, std::string_view data,
                               const Headers& headers) {
  return state_->publish(subject.c_str(), nullptr, data, &headers);
}

std::size_t Connection::payload_max_bytes() const {
  return state_->payload_max_bytes();
}

void Connection::request(const schemas::Subject& subject, std::string_view data, Millis timeout,
                         ReplyHandler handler, const Headers& headers) {
  state_->request(subject.str(), data, timeout, headers,
                  [handler = std::move(handler)](schemas::Result<MessageView> result) {
                    handler(std::move(result));
                    return false;
                  });
}

void Connection::request_many(const schemas::Subject& subject, std::string_view data,
                              Millis timeout, StreamHandler handler) {
  state_->request(subject.str(), data, timeout, {}, std::move(handler));
}

void Connection::flush() {
  state_->flush();
}
std::size_t Connection::buffered_bytes() const {
  return state_->buffered_bytes();
}
std::size_t Connection::unconfirmed_bytes() {
  return state_->unconfirmed_bytes();
}
void Connection::abandon(const std::string& reason) {
  state_->abandon(reason);
}
void Connection::poll() {
  state_->poll();
}
std::uint64_t Connection::batches() const {
  return state_->batches();
}
void Connection::close() {
  state_->close();
}

Connection::SubscriptionId Connection::State::subscribe(std::string pattern, std::string queue,
                                                        Handler handler,
                                                        std::function<void()> no_responders) {
  auto made = std::make_shared<Subscription>();
  made->id = ++last_subscription_;
  made->pattern = std::move(pattern);
  made->queue = std::move(queue);
  made->handler = std::move(handler);
  made->no_responders = std::move(no_responders);
  if (attached()) start(*made);
  subscriptions_.push_back(std::move(made));
  return last_subscription_;
}

void Connection::State::start(Subscription& subscription) {
  natsSubscription* raw = nullptr;
  const char* pattern = subscription.pattern.c_str();
  const auto status =
      subscription.queue.empty()
          ? natsConnection_SubscribeSync(&raw, nc_.get(), pattern)
          : natsConnection_QueueSubscribeSync(&raw, nc_.get(), pattern, subscription.queue.c_str());
  if (status != NATS_OK) return;  // connection just lost: the next adopt() starts it
  subscription.handle.reset(raw);
  natsSubscription_SetPendingLimits(raw, -1, -1);
}

void Connection::State::unsubscribe(SubscriptionId id) {
  const auto found = std::find_if(subscriptions_.begin(), subscriptions_.end(),
                                  [id](const auto& one) { return one->id == id && !one->dead; });
  if (found == subscriptions_.end()) return;
  Subscription& gone = **found;
  gone.dead = true;
  gone.handle.reset();
  if (!in_batch_) bury();
}

void Connection::State::bury() {
  std::erase_if(subscriptions_, [](const auto& one) { return one->dead; });
}

std::size_t Connection::State::payload_max_bytes() const {
  if (!attached()) return 0;
  const std::int64_t most = natsConnection_GetMaxPayload(nc_.get());
  return most > 0 ? static_cast<std::size_t>(most) : 0;
}

bool Connection::State::publish_guarded(const char* subject, std::string_view data) {
  const bool taken = publish(subject, nullptr, data, nullptr);
  guarded_ = guarded_ || taken;
  return taken;
}

bool Connection::State::publish(const char* subject, const char* reply, std::string_view data,
                                const Headers* headers) {
  if (!may_use()) return false;
  if (unsent_bytes_ > options_.write_pause_bytes && !write_armed_) flush();
  if (!may_use()) return false;
  if (unsent_bytes_ > kUnsentMax_pauses * options_.write_pause_bytes) return false;
  const auto size = static_cast<int>(data.size());
  natsStatus status = NATS_OK;
  if (headers == nullptr || (headers->empty() && reply == nullptr)) {
    status = natsConnection_Publish(nc_.get(), subject, data.data(), size);
  } else {
    natsMsg* raw = nullptr;
    status = natsMsg_Create(&raw, subject, reply, data.data(), size);
    MessageOwner message(raw);
    for (std::size_t i = 0; status == NATS_OK && i < headers->size(); ++i) {
      const auto& [key, value] = (*headers)[i];
      status = natsMsgHeader_Set(raw, key.c_str(), value.c_str());
    }
    if (status == NATS_OK) status = natsConnection_PublishMsg(nc_.get(), raw);
    if (in_batch_) spent_.push_back(std::move(message));
  }
  if (status == NATS_OK) unsent_bytes_ += data.size() + kProtocolOverhead_bytes;
  return status == NATS_OK;
}

}  // namespace estop::nats
