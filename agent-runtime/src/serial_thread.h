// SPDX-License-Identifier: Apache-2.0

// One thread that runs its work in order. For the user's callbacks: their exceptions go to
// `thrown`, never further.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace estop::agent {

class SerialThread {
 public:
  using Work = std::function<void()>;
  // `thrown` is called on the thread with the exception's text.
  SerialThread(std::size_t queue_max, std::function<void(std::string)> thrown);
  ~SerialThread();  // finish()
  SerialThread(const SerialThread&) = delete;
  SerialThread& operator=(const SerialThread&) = delete;

  // For work that is bounded elsewhere. True: `work` runs, exactly once. False: the thread has
  // ended.
  bool post(Work work);
  [[nodiscard]] bool try_post(Work work);  // false: the queue is full, or finish() has begun
  [[nodiscard]] bool is_current() const noexcept;
  void settle();  // waits for what is queued now. Not from the thread
  void finish();  // runs what is queued, also what that posts, and ends. Not from the thread

 private:
  void run();

  const std::size_t queue_max_;
  const std::function<void(std::string)> thrown_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> queue_;
  bool finishing_ = false;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace estop::agent
