// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/nats/requests.h"

#include <vector>

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include "broker-bridge/daemon/random.h"

namespace estop::nats {

using schemas::Errc;
using schemas::fail;

namespace {
constexpr std::size_t kNonce_letters = 12;  // tells our requests from those of another process
}

Requests::Requests(boost::asio::io_context& loop, const std::string& inbox,
                   std::shared_ptr<Wire> wire)
    : loop_(loop),
      wire_(std::move(wire)),
      replies_(fmt::format("{}rpc.{}",
                           inbox.ends_with('>') ? inbox.substr(0, inbox.size() - 1) : inbox,
                           daemon::random_name(kNonce_letters))),
      timer_(loop) {}

void Requests::ask(const std::string& subject, std::string_view data, Millis timeout,
                   const Headers& headers, Connection::StreamHandler handler) {
  if (!timer_) return;
  const auto id = ++last_;
  const std::string reply = fmt::format("{}{}", replies_, id);
  Request made;
  made.deadline = Clock::now() + timeout;
  made.handler = std::move(handler);
  // A handler may destroy the Connection: this ends behind it.
  const auto self = shared_from_this();
  made.subscription = wire_->subscribe(
      reply, {}, [self, id](const MessageView& view) { self->answer(id, view); },
      [self, id] {
        self->answer(id, fail(Errc::kNoContact, "nobody listens there: that part is not running"));
      });
  deadlines_.emplace(made.deadline, id);
  requests_.emplace(id, std::move(made));
  if (wire_->publish(subject.c_str(), reply.c_str(), data, &headers)) {
    arm_timer();
    return;
  }
  boost::asio::post(loop_, [self, id] {
    self->answer(id, fail(Errc::kNoContact, "not connected to the broker, or too large for it"));
  });
}

void Requests::answer(std::uint64_t id, schemas::Result<MessageView> result) {
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

void Requests::finish(std::uint64_t id) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return;
  const auto [first, last] = deadlines_.equal_range(found->second.deadline);
  for (auto at = first; at != last; ++at) {
    if (at->second != id) continue;
    deadlines_.erase(at);
    break;
  }
  wire_->unsubscribe(found->second.subscription);
  requests_.erase(found);
}

void Requests::fail_all(const std::string& reason) {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, one] : requests_) ids.push_back(id);
  for (const auto id : ids) answer(id, fail(Errc::kNoContact, "contact lost: " + reason));
}

void Requests::arm_timer() {
  if (!timer_ || deadlines_.empty() || timer_->expiry() == deadlines_.begin()->first) return;
  timer_->expires_at(deadlines_.begin()->first);
  timer_->async_wait([self = shared_from_this()](auto error) {
    if (!error) self->expire();
  });
}

void Requests::expire() {
  const auto now = Clock::now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    answer(deadlines_.begin()->second, fail(Errc::kTimeout, "no answer in time"));
  }
  arm_timer();
}

void Requests::close() {
  timer_.reset();
  requests_.clear();
  deadlines_.clear();
}

}  // namespace estop::nats
