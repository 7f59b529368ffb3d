// SPDX-License-Identifier: Apache-2.0

// The threads of a HandlerPool: who runs what it hands out, and when.
#include <utility>

#include "agent-runtime/src/handler_pool.h"

namespace estop::agent {

HandlerPool::HandlerPool(unsigned threads, std::size_t queue_max, Hooks hooks)
    : queue_max_(queue_max), hooks_(std::move(hooks)) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

HandlerPool::~HandlerPool() {
  finish();
}

void HandlerPool::wake() {
  changed_.notify_one();
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

void HandlerPool::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return finishing_ || !queue_.empty(); });
    if (finishing_) return;
    Task task;
    if (!take(task)) continue;
    lock.unlock();
    carry_out(task);
    lock.lock();
    end(task);
  }
}

}  // namespace estop::agent
