// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/src/standing.h"

#include <utility>

namespace estop::agent {
namespace {

Error refusal(const StopOrder& order) {
  if (order.cause != StopCause::kKill) return {Errc::kNoContact, order.reason};
  if (order.actor.empty()) return {Errc::kSenderKilled, order.reason};
  return {Errc::kSenderKilled, order.scope + " was killed by " + order.actor + ": " + order.reason};
}

}  // namespace

void Standing::raise(StopOrder order) {
  stop_.store(true);  // before all else
  const std::lock_guard lock(mutex_);
  order_ = std::move(order);
}

void Standing::lower() {
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    order_.reset();
    stop_.store(false);
  }
  changed_.notify_all();
}

void Standing::start(std::uint64_t life, std::uint64_t incarnation) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    incarnation_ = incarnation;
    life_.store(life);
    order_.reset();
    source_ = std::stop_source();
    stop_.store(false);
  }
  changed_.notify_all();
}

void Standing::renew(BootTime until) {
  lease_until_.store(until.count());
}

void Standing::become_ready() {
  {
    const std::lock_guard lock(mutex_);
    ready_ = true;
  }
  changed_.notify_all();
}

void Standing::note(Error error) {
  const std::lock_guard lock(mutex_);
  obstacle_ = std::move(error);
}

void Standing::end(Error error) {
  stop_.store(true);
  {
    const std::lock_guard lock(mutex_);
    if (!ended_) ended_ = std::move(error);
  }
  changed_.notify_all();
}

std::stop_source Standing::life_source() const {
  const std::lock_guard lock(mutex_);
  return source_;
}

Standing::Life Standing::life() const {
  const std::lock_guard lock(mutex_);
  return {life_.load(), incarnation_};
}

bool Standing::lease_holds() const noexcept {
  return !needs_lease_ || loop_.now() < lease_until_.load();
}

bool Standing::acts(std::uint64_t life) const noexcept {
  return !stop_.load() && life_.load() == life && lease_holds();
}

Result<void> Standing::may_act(std::uint64_t life) const {
  if (acts(life)) return {};
  const std::lock_guard lock(mutex_);
  if (ended_) return tl::make_unexpected(*ended_);
  if (order_) return tl::make_unexpected(refusal(*order_));
  if (life_.load() != life)
    return fail(Errc::kOldIncarnation, "the life that sends this has ended");
  if (!lease_holds()) return fail(Errc::kNoContact, "control has not answered for a whole lease");
  return fail(Errc::kNoContact, "control has not let this instance go on yet");
}

std::stop_token Standing::stop_token() const {
  const std::lock_guard lock(mutex_);
  return source_.get_token();
}

std::optional<StopOrder> Standing::stop_order() const {
  const std::lock_guard lock(mutex_);
  return order_;
}

Result<void> Standing::wait_ready(Millis timeout) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return ready_ || ended_; });
  if (ended_) return tl::make_unexpected(*ended_);
  if (ready_) return {};
  if (obstacle_) return tl::make_unexpected(*obstacle_);
  return fail(Errc::kTimeout, "the broker is there, but control did not answer");
}

Result<void> Standing::wait_for_resume(Millis timeout) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return !stop_.load() || ended_; });
  if (ended_) return tl::make_unexpected(*ended_);
  if (!stop_.load()) return {};
  return fail(Errc::kTimeout, "still stopped");
}

}  // namespace estop::agent
