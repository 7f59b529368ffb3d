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

bool HandlerPool::submit(Delivery delivery) {
  {
    const std::lock_guard lock(mutex_);
    if (!open_ || queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(delivery));
  }
  wake();
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

bool HandlerPool::take(Task& task) {
  Delivery delivery = std::move(queue_.front());
  queue_.pop_front();
  if (!hooks_.may_start(delivery)) {  // under the lock: nothing starts behind stop()'s back
    ++not_started_;
    return false;
  }
  task.running =
      running_.insert(running_.end(), {delivery.from, delivery.from_instance, {}, false});
  task.delivery = std::move(delivery);
  return true;
}

void HandlerPool::carry_out(const Task& task) {
  here = {this, task.delivery.life};
  handle(task.delivery, task.running->stop.get_token());
  here = {};
}

void HandlerPool::end(const Task& task) {
  const bool last_to_drain = task.running->draining && --draining_ == 0;
  running_.erase(task.running);
  if (last_to_drain) hooks_.ended(drain_);
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
