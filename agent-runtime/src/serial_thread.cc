// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/src/serial_thread.h"

#include <exception>
#include <future>
#include <memory>
#include <utility>

namespace estop::agent {
namespace {

thread_local const SerialThread* current = nullptr;

}  // namespace

SerialThread::SerialThread(std::size_t queue_max, std::function<void(std::string)> thrown)
    : queue_max_(queue_max), thrown_(std::move(thrown)), thread_([this] { run(); }) {}

SerialThread::~SerialThread() {
  finish();
}

bool SerialThread::post(Work work) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return false;
    queue_.push_back(std::move(work));
  }
  changed_.notify_one();
  return true;
}

bool SerialThread::is_current() const noexcept {
  return current == this;
}

void SerialThread::settle() {
  const auto settled = std::make_shared<std::promise<void>>();
  if (post([settled] { settled->set_value(); })) settled->get_future().wait();
}

bool SerialThread::try_post(Work work) {
  {
    const std::lock_guard lock(mutex_);
    if (finishing_ || queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(work));
  }
  changed_.notify_one();
  return true;
}

void SerialThread::finish() {
  {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void SerialThread::run() {
  current = this;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return finishing_ || !queue_.empty(); });
    if (queue_.empty()) {
      ended_ = true;
      return;
    }
    Work work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    try {
      work();
    } catch (const std::exception& error) {
      thrown_(error.what());
    } catch (...) {
      thrown_("an exception of unknown type");
    }
    work = nullptr;  // what it captured ends here, not under the lock
    lock.lock();
  }
}

}  // namespace estop::agent
