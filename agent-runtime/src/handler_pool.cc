// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/src/handler_pool.h"

#include <exception>
#include <utility>

namespace estop::agent {
namespace {

// What this thread handles. Another Agent's pool in the same process has its own threads.
struct Here {
  const HandlerPool* pool = nullptr;
  std::uint64_t life = 0;
};
thread_local Here here;

}  // namespace

HandlerPool::HandlerPool(unsigned threads, std::size_t queue_max, Hooks hooks)
    : queue_max_(queue_max), hooks_(std::move(hooks)) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

HandlerPool::~HandlerPool() {
  finish();
}

bool HandlerPool::submit(Delivery delivery) {
  {
    const std::lock_guard lock(mutex_);
    if (!open_ || queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(delivery));
  }
  changed_.notify_one();
  return true;
}

void HandlerPool::open() {
  const std::lock_guard lock(mutex_);
  if (!finishing_) open_ = true;
}

HandlerPool::Stopped HandlerPool::stop(std::uint64_t drain) {
  const std::lock_guard lock(mutex_);
  open_ = false;
  drain_ = drain;
  Stopped stopped;
  stopped.dropped = queue_.size();
  queue_.clear();
  for (Running& one : running_) {
    one.draining = true;
    stopped.running.push_back(one.stop);
  }
  draining_ = running_.size();
  return stopped;
}

HandlerPool::Stopped HandlerPool::drop(const schemas::Scope& scope) {
  const std::lock_guard lock(mutex_);
  Stopped stopped;
  stopped.dropped = std::erase_if(
      queue_, [&scope](const Delivery& one) { return scope.covers(one.from, one.from_instance); });
  for (const Running& one : running_) {
    if (scope.covers(one.from, one.from_instance)) stopped.running.push_back(one.stop);
  }
  return stopped;
}

void HandlerPool::finish() {
  {
    const std::lock_guard lock(mutex_);
    open_ = false;
    finishing_ = true;
    queue_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

bool HandlerPool::is_current() const noexcept {
  return here.pool == this;
}

std::optional<std::uint64_t> HandlerPool::life_of_this_thread() const {
  if (here.pool != this) return std::nullopt;
  return here.life;
}

std::uint64_t HandlerPool::not_started() const {
  const std::lock_guard lock(mutex_);
  return not_started_;
}

void HandlerPool::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return finishing_ || !queue_.empty(); });
    if (finishing_) return;
    const Delivery delivery = std::move(queue_.front());
    queue_.pop_front();
    if (!hooks_.may_start(delivery)) {  // under the lock: nothing starts behind stop()'s back
      ++not_started_;
      continue;
    }
    const auto mine =
        running_.insert(running_.end(), {delivery.from, delivery.from_instance, {}, false});
    lock.unlock();
    here = {this, delivery.life};
    handle(delivery, mine->stop.get_token());
    here = {};
    lock.lock();
    const bool last_to_drain = mine->draining && --draining_ == 0;
    running_.erase(mine);
    if (last_to_drain) hooks_.ended(drain_);
  }
}

void HandlerPool::handle(const Delivery& delivery, std::stop_token stop) {
  Result<Bytes> result = fail(Errc::kInternal);
  try {
    result = (*delivery.handler)(delivery.intent, std::move(stop));
  } catch (const std::exception& error) {
    result = fail(Errc::kInternal, std::string("the handler threw: ") + error.what());
  } catch (...) {
    result = fail(Errc::kInternal, "the handler threw an exception of unknown type");
  }
  hooks_.done(delivery, std::move(result));
}

}  // namespace estop::agent
