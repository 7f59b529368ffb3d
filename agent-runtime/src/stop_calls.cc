// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/src/stop_calls.h"

#include <memory>
#include <utility>

namespace estop::agent {
namespace {

constexpr std::size_t kStopsMax = 16;

void request_all(std::vector<std::stop_source>& running) {
  for (auto& source : running) source.request_stop();
}

}  // namespace

StopCalls::StopCalls(std::function<void(std::string what)> threw)
    : thread_(kStopsMax, std::move(threw)) {}

void StopCalls::on_stop(std::function<void(const StopOrder&)> callback) {
  {
    const std::lock_guard lock(mutex_);
    callback_ = std::move(callback);
  }
  thread_.post([this] {
    if (const auto order = std::exchange(untold_, std::nullopt)) tell(*order);
  });
}

void StopCalls::tell(const StopOrder& order) {
  const auto callback = [this] {
    const std::lock_guard lock(mutex_);
    return callback_;
  }();
  if (callback) return callback(order);
  untold_ = order;
}

void StopCalls::request(std::vector<std::stop_source> running) {
  thread_.post([running = std::move(running)]() mutable { request_all(running); });
}

void StopCalls::stop(std::vector<std::stop_source> running, StopOrder order,
                     std::function<void()> returned) {
  thread_.post([this, running = std::move(running), order = std::move(order),
                returned = std::move(returned)]() mutable {
    request_all(running);
    const std::shared_ptr<void> at_the_end(nullptr, [&returned](void*) { returned(); });
    tell(order);
  });
}

void StopCalls::keep(StopOrder order) {
  thread_.post([this, order = std::move(order)] { untold_ = order; });
}

void StopCalls::forget() {
  thread_.post([this] { untold_.reset(); });
}

}  // namespace estop::agent
