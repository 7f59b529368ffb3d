// SPDX-License-Identifier: Apache-2.0

// A result that one thread waits for and another gives, once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "schemas/result.h"

namespace estop::agent {

template <class T>
class Answer {
 public:
  void give(schemas::Result<T> result) {
    {
      const std::lock_guard lock(mutex_);
      if (result_) return;
      result_ = std::move(result);
    }
    given_.notify_all();
  }
  // kTimeout after `patience`, which is longer than the giver's own: a last resort.
  schemas::Result<T> take(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    if (!given_.wait_for(lock, patience, [this] { return result_.has_value(); })) {
      return schemas::fail(schemas::Errc::kTimeout, "no answer in time");
    }
    return std::move(*result_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable given_;
  std::optional<schemas::Result<T>> result_;
};

}  // namespace estop::agent
