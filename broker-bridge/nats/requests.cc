// SPDX-License-Identifier: Apache-2.0

// Requests: one short-lived subscription each, one timer for all.
//
// Not one shared subscription: for a synchronous one nats.c swallows the broker's "no responders"
// answer and says only that there was one, not on which subject.
#include <fmt/format.h>

#include "broker-bridge/nats/state.h"

namespace estop::nats {

using schemas::Errc;
using schemas::fail;

std::string Connection::State::next_reply() {
  return fmt::format("{}rpc.{}{}", inbox_, nonce_, ++last_request_);
}

void Connection::State::request(const std::string& subject, std::string_view data, Millis timeout,
                                const Headers& headers, StreamHandler handler) {
  if (closed_) return;
  const std::string reply = next_reply();
  const auto id = last_request_;
  Request made;
  made.deadline = Clock::now() + timeout;
  made.handler = std::move(handler);
  made.subscription = subscribe(
      reply, {}, [this, id](const MessageView& view) { answer(id, view); },
      [this, id] {
        answer(id, fail(Errc::kNoContact, "nobody listens there: that part is not running"));
      });
  deadlines_.emplace(made.deadline, id);
  requests_.emplace(id, std::move(made));
  if (publish(subject.c_str(), reply.c_str(), data, &headers)) {
    arm_timer();
    return;
  }
  boost::asio::post(loop_, [self = shared_from_this(), id] {
    self->answer(id, fail(Errc::kNoContact, "not connected to the broker, or too large for it"));
  });
}

void Connection::State::answer(std::uint64_t id, schemas::Result<MessageView> result) {
  const auto found = requests_.find(id);
  if (found == requests_.end() || !found->second.handler) return;
  const bool last = !result.has_value();
  // Moved out: the handler may close the connection and with it the table.
  auto handler = std::move(found->second.handler);
  if (last) finish(id);
  const bool more = handler(std::move(result));
  if (last) return;
  if (!more) return finish(id);
  if (const auto still = requests_.find(id); still != requests_.end()) {
    still->second.handler = std::move(handler);
  }
}

void Connection::State::finish(std::uint64_t id) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return;
  const auto [first, last] = deadlines_.equal_range(found->second.deadline);
  for (auto at = first; at != last; ++at) {
    if (at->second != id) continue;
    deadlines_.erase(at);
    break;
  }
  unsubscribe(found->second.subscription);
  requests_.erase(found);
}

void Connection::State::fail_requests(const std::string& reason) {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, one] : requests_) ids.push_back(id);
  for (const auto id : ids) answer(id, fail(Errc::kNoContact, "contact lost: " + reason));
}

void Connection::State::arm_timer() {
  if (closed_ || deadlines_.empty() || timer_->expiry() == deadlines_.begin()->first) return;
  timer_->expires_at(deadlines_.begin()->first);
  timer_->async_wait([self = shared_from_this()](auto error) {
    if (!error) self->expire();
  });
}

void Connection::State::expire() {
  const auto now = Clock::now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    answer(deadlines_.begin()->second, fail(Errc::kTimeout, "no answer in time"));
  }
  arm_timer();
}

}  // namespace estop::nats
