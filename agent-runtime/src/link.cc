// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/src/link.h"

#include <algorithm>
#include <string>
#include <utility>

namespace estop::agent {
namespace {

// The timer's clock stands still during a suspend, the leases' clock does not.
constexpr BootTime kWakeMax = std::chrono::milliseconds{250};
constexpr Millis kPatience{1'000};  // beyond a request's own timeout

}  // namespace

Link::Link(Identity identity, nats::ConnectOptions options, nats::ConnectionEvents events,
           std::function<void()> tick)
    : identity_(std::move(identity)), tick_(std::move(tick)), loop_(thread_.loop()) {
  connection_ = std::make_unique<nats::Connection>(
      loop_, std::move(options), identity_.subjects.inbox_of(identity_.address, identity_.instance),
      std::move(events));
}

Link::~Link() {
  stop();
}

Result<void> Link::connect() {
  return connection_->connect();
}

void Link::start() {
  thread_.start();
}

void Link::stop() {
  {
    const std::lock_guard lock(post_mutex_);
    if (stopped_.exchange(true)) return;
  }
  thread_.stop();
  connection_->close();
  timer_.cancel();
  thread_.drain();  // whoever waits for something posted gets its failure now
  for (const auto& answer : asked_) answer->give(fail(Errc::kNoContact, kLeft));
  asked_.clear();
  connection_.reset();
}

bool Link::post(std::function<void()> work) {
  const std::lock_guard lock(post_mutex_);
  if (stopped_.load()) return false;
  loop_.post(std::move(work));
  return true;
}

Result<Bytes> Link::ask(schemas::Subject subject, Bytes request, Millis timeout) {
  const auto answer = std::make_shared<Answer<Bytes>>();
  const bool posted = post([this, answer, timeout, subject = std::move(subject),
                            request = std::move(request)] {
    const std::size_t most = connection_->payload_max_bytes();
    if (!connection_->is_connected() || (most != 0 && request.size() > most)) {
      return answer->give(tl::make_unexpected(refusal(request.size())));
    }
    asked_.insert(answer);
    connection_->request(subject, request, timeout, [this, answer](Result<nats::MessageView> view) {
      asked_.erase(answer);
      answer->give(view.map([](const nats::MessageView& one) { return Bytes(one.data); }));
    });
  });
  if (!posted) return fail(Errc::kNoContact, kLeft);
  return answer->take(timeout + kPatience);
}

Error Link::refusal(std::size_t bytes) const {
  if (!connection_->is_connected()) return {Errc::kNoContact, "not connected to the broker"};
  const std::size_t most = connection_->payload_max_bytes();
  if (most == 0 || bytes <= most) {
    return {Errc::kOverLimit, "the broker does not take more at the moment"};
  }
  return {Errc::kTooLarge, "a message of " + std::to_string(bytes) + " bytes; this broker takes " +
                               std::to_string(most)};
}

void Link::wake_at(BootTime at) {
  if (wake_ && *wake_ <= at) return;
  wake_ = at;
  arm();
}

void Link::arm() {
  timer_ = loop_.after(std::clamp(*wake_ - now(), BootTime{0}, kWakeMax), [this] {
    if (stopped_.load() || !wake_) return;
    if (now() < *wake_) return arm();
    wake_.reset();
    tick_();
  });
}

}  // namespace estop::agent
