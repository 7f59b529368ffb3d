// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/queue.h"

#include <algorithm>

namespace estop::control {

WorkQueue::WorkQueue(const RecorderOptions& limits) : limits_(limits) {}

bool WorkQueue::push(Work& work, Urgency urgency) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  if (urgency == Urgency::kFirst) {
    urgent_.push_back(std::move(work));
    changed_.notify_one();
    return true;
  }
  const std::size_t bytes = size_bytes(work);
  if (group_.size() >= limits_.queue_max || group_bytes_ + bytes > limits_.queue_max_bytes) {
    return false;
  }
  if (group_.empty()) group_since_ = Clock::now();
  group_.push_back(std::move(work));
  group_bytes_ += bytes;
  // In between the writer waits for more, or works: waking it for every single work would cost more
  // than the work.
  if (group_.size() == 1 || group_.size() == limits_.group_max) changed_.notify_one();
  return true;
}

WorkQueue::Batch WorkQueue::take(Clock::time_point until) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, until,
                      [this] { return closed_ || !urgent_.empty() || !group_.empty(); });
  const auto full =
      std::min(until, group_since_ + std::chrono::microseconds(limits_.group_wait_us));
  if (!group_.empty()) {
    changed_.wait_until(lock, full, [this] {
      return closed_ || !urgent_.empty() || group_.size() >= limits_.group_max;
    });
  }
  Batch batch;
  if (!urgent_.empty()) {
    batch.urgent = true;
    fill(batch, urgent_);
    return batch;
  }
  group_bytes_ -= fill(batch, group_);
  group_since_ = {};  // what is left has waited for a whole commit by the time it is looked at
  batch.closed = closed_ && batch.works.empty();
  return batch;
}

std::size_t WorkQueue::fill(Batch& batch, std::deque<Work>& lane) const {
  std::size_t bytes = 0;
  while (!lane.empty() && batch.works.size() < limits_.group_max) {
    const std::size_t next = size_bytes(lane.front());
    if (!batch.works.empty() && bytes + next > limits_.group_max_bytes) break;
    bytes += next;
    batch.works.push_back(std::move(lane.front()));
    lane.pop_front();
  }
  return bytes;
}

void WorkQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_one();
}

std::size_t WorkQueue::size() const {
  const std::lock_guard lock(mutex_);
  return urgent_.size() + group_.size();
}

bool WorkQueue::urgent_waiting() const {
  const std::lock_guard lock(mutex_);
  return !urgent_.empty();
}

}  // namespace estop::control
