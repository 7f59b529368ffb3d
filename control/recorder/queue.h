// SPDX-License-Identifier: Apache-2.0

// The queue between callers and the writer thread: two lanes; the lane of kills always goes first.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "control/recorder/work.h"

namespace estop::control {

class WorkQueue {
 public:
  using Clock = std::chrono::steady_clock;

  // The next task of the writer: the urgent works that wait, or a group of the others, or nothing.
  struct Batch {
    std::vector<Work> works;
    bool urgent = false;
    bool closed = false;  // and nothing is left
  };

  explicit WorkQueue(const RecorderOptions& limits);

  // From any thread. False: the lane for groups is full or the queue is closed; `work` is
  // untouched. The urgent lane has no bound.
  [[nodiscard]] bool push(Work& work, Urgency urgency);

  // From the writer thread. Waits until there is work, but not beyond `until`. A group may fill up
  // for group_wait_us from its first work; an urgent work, or an `until` in the past, ends that
  // wait at once. Urgent works never wait for others; those that came during one commit share the
  // next.
  [[nodiscard]] Batch take(Clock::time_point until);

  void close();  // no more pushes; queued works are still taken
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool urgent_waiting() const;

 private:
  // From the front of `lane`, as much as one transaction takes. Returns how many bytes.
  std::size_t fill(Batch& batch, std::deque<Work>& lane) const;

  const RecorderOptions limits_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> urgent_;
  std::deque<Work> group_;
  std::size_t group_bytes_ = 0;
  Clock::time_point group_since_{};  // when the oldest work of the group came; long ago if unknown
  bool closed_ = false;
};

}  // namespace estop::control
