// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/nats/subscriptions.h"

#include <algorithm>
#include <utility>

namespace estop::nats {

Subscriptions::Id Subscriptions::add(natsConnection* nc, std::string pattern, std::string queue,
                                     Connection::Handler handler,
                                     std::function<void()> no_responders) {
  auto made = std::make_shared<Subscription>();
  made->id = ++last_;
  made->pattern = std::move(pattern);
  made->queue = std::move(queue);
  made->handler = std::move(handler);
  made->no_responders = std::move(no_responders);
  if (nc != nullptr) start(nc, *made);
  all_.push_back(std::move(made));
  return last_;
}

void Subscriptions::start(natsConnection* nc, Subscription& subscription) {
  natsSubscription* raw = nullptr;
  const char* pattern = subscription.pattern.c_str();
  const auto status =
      subscription.queue.empty()
          ? natsConnection_SubscribeSync(&raw, nc, pattern)
          : natsConnection_QueueSubscribeSync(&raw, nc, pattern, subscription.queue.c_str());
  if (status != NATS_OK) return;  // connection just lost: it is started on the next one
  subscription.handle.reset(raw);
  natsSubscription_SetPendingLimits(raw, -1, -1);
}

void Subscriptions::start(natsConnection* nc) {
  for (const auto& one : all_) {
    if (!one->dead) start(nc, *one);
  }
}

void Subscriptions::stop() {
  for (const auto& one : all_) one->handle.reset();
}

void Subscriptions::remove(Id id) {
  const auto found = std::find_if(all_.begin(), all_.end(),
                                  [id](const auto& one) { return one->id == id && !one->dead; });
  if (found == all_.end()) return;
  Subscription& gone = **found;
  gone.dead = true;
  gone.handle.reset();
  if (!in_batch_) bury();
}

void Subscriptions::bury() {
  std::erase_if(all_, [](const auto& one) { return one->dead; });
}

void Subscriptions::drain() {
  in_batch_ = true;
  for (std::size_t i = 0; i < all_.size(); ++i) {
    const auto one = all_[i];  // a handler may unsubscribe it, or close everything
    if (one->handle != nullptr) drain(*one);
  }
  in_batch_ = false;
  bury();
}

void Subscriptions::drain(Subscription& subscription) {
  int pending = 0;
  natsSubscription_GetPending(subscription.handle.get(), &pending, nullptr);
  for (; pending > 0 && !subscription.dead; --pending) {
    natsMsg* raw = nullptr;
    const auto status = natsSubscription_NextMsg(&raw, subscription.handle.get(), 0);
    if (status == NATS_NO_RESPONDERS) {
      if (subscription.no_responders) subscription.no_responders();
      continue;
    }
    if (status != NATS_OK) return;
    MessageOwner message(raw);
    MessageView view;
    view.handle_ = raw;
    view.subject = natsMsg_GetSubject(raw);
    if (const char* reply = natsMsg_GetReply(raw)) view.reply = reply;
    view.data = {natsMsg_GetData(raw), static_cast<std::size_t>(natsMsg_GetDataLength(raw))};
    subscription.handler(view);
    spent_.push_back(std::move(message));
  }
}

void Subscriptions::spend(MessageOwner message) {
  if (in_batch_) spent_.push_back(std::move(message));
}

void Subscriptions::silence() {
  for (const auto& one : all_) one->dead = true;
}

void Subscriptions::clear() {
  if (!in_batch_) all_.clear();
}

}  // namespace estop::nats
