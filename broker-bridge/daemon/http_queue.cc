// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/http_queue.h"

#include <exception>
#include <optional>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "broker-bridge/daemon/log.h"

namespace estop::daemon {
namespace {

// A responder that its handler dropped answers with 500.
void handle(HttpQueue::Entry entry) try {
  (*entry.handler)(std::move(entry.request), std::move(entry.responder));
} catch (const std::exception& error) {
  log_error("page-failed", {{"cause", error.what()}});
}

}  // namespace

bool HttpQueue::push(Entry& entry) {
  const std::lock_guard lock(mutex_);
  if (is_closed_ || waiting_.size() >= max_) return false;
  waiting_.push_back(std::move(entry));
  if (!std::exchange(is_posted_, true)) post();
  return true;
}

void HttpQueue::close() {
  std::deque<Entry> dropped;  // their responders speak to the listener: without the lock
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
  dropped.swap(waiting_);
}

void HttpQueue::post() {
  boost::asio::post(loop_, [self = shared_from_this()] { self->take_turn(); });
}

void HttpQueue::take_turn() {
  std::optional<Entry> next;
  {
    const std::lock_guard lock(mutex_);
    if (!waiting_.empty()) {
      next.emplace(std::move(waiting_.front()));
      waiting_.pop_front();
    }
  }
  if (next) handle(std::move(*next));
  const std::lock_guard lock(mutex_);
  is_posted_ = !waiting_.empty();
  if (is_posted_) post();
}

}  // namespace estop::daemon
