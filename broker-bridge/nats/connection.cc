// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/nats/connection.h"

#include "broker-bridge/nats/asio_loop.h"
#include "broker-bridge/nats/state.h"

namespace estop::nats {

Connection::Connection(Loop& loop, ConnectOptions options, const schemas::Subject& inbox,
                       ConnectionEvents events)
    : state_(State::make(dynamic_cast<AsioLoop&>(loop).context(), std::move(options), inbox.str(),
                         std::move(events))) {}

Connection::~Connection() {
  state_->close();
}

schemas::Result<void> Connection::connect(bool retry) {
  return state_->connect(retry);
}
bool Connection::is_connected() const {
  return state_->wire().attached();
}

Connection::SubscriptionId Connection::subscribe(const schemas::Subject& pattern, Handler handler) {
  return state_->wire().subscribe(pattern.str(), {}, std::move(handler));
}

Connection::SubscriptionId Connection::queue_subscribe(const schemas::Subject& pattern,
                                                       const schemas::Segment& queue,
                                                       Handler handler) {
  return state_->wire().subscribe(pattern.str(), queue.text(), std::move(handler));
}

void Connection::unsubscribe(SubscriptionId id) {
  state_->wire().unsubscribe(id);
}

bool Connection::publish(const schemas::Subject& subject, std::string_view data) {
  return state_->wire().publish(subject.c_str(), nullptr, data, nullptr);
}

bool Connection::publish(const schemas::Subject& subject, std::string_view data,
                         const Headers& headers, const schemas::Subject& reply) {
  return state_->wire().publish(subject.c_str(), reply.empty() ? nullptr : reply.c_str(), data,
                                &headers);
}

bool Connection::publish_guarded(const std::string& subject, std::string_view data) {
  return state_->wire().publish_guarded(subject.c_str(), data);
}

bool Connection::publish_built(const std::string& subject, std::string_view data) {
  return state_->wire().publish(subject.c_str(), nullptr, data, nullptr);
}

bool Connection::publish_built(const std::string& subject, std::string_view data,
                               const Headers& headers) {
  return state_->wire().publish(subject.c_str(), nullptr, data, &headers);
}

std::size_t Connection::payload_max_bytes() const {
  return state_->wire().payload_max_bytes();
}

void Connection::request(const schemas::Subject& subject, std::string_view data, Millis timeout,
                         ReplyHandler handler, const Headers& headers) {
  state_->requests().ask(subject.str(), data, timeout, headers,
                         [handler = std::move(handler)](schemas::Result<MessageView> result) {
                           handler(std::move(result));
                           return false;
                         });
}

void Connection::request_many(const schemas::Subject& subject, std::string_view data,
                              Millis timeout, StreamHandler handler) {
  state_->requests().ask(subject.str(), data, timeout, {}, std::move(handler));
}

void Connection::flush() {
  state_->wire().flush();
}
std::size_t Connection::buffered_bytes() const {
  return state_->wire().buffered_bytes();
}
std::size_t Connection::unconfirmed_bytes() {
  return state_->wire().unconfirmed_bytes();
}
void Connection::abandon(const std::string& reason) {
  state_->wire().abandon(reason);
}
void Connection::poll() {
  state_->wire().poll();
}
std::uint64_t Connection::batches() const {
  return state_->wire().batches();
}
void Connection::close() {
  state_->close();
}

}  // namespace estop::nats
