// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/nats/blocking.h"

#include <algorithm>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <boost/asio/io_context.hpp>

#include "broker-bridge/nats/asio_loop.h"

namespace estop::nats {

using schemas::Errc;
using schemas::fail;
using schemas::Result;

struct BlockingClient::State {
  State(ConnectOptions options, schemas::Subject inbox)
      : connection(on_loop, std::move(options), std::move(inbox), events()) {}

  ConnectionEvents events() {
    ConnectionEvents made;
    made.closed = [this](const std::string& reason) {
      last_error = reason;
      closed = true;
    };
    made.error = [this](const std::string& text) { last_error = text; };
    return made;
  }

  boost::asio::io_context loop{1};
  AsioLoop on_loop{loop};
  std::string last_error;
  bool closed = false;
  bool was_started = false;
  Connection connection;
};

BlockingClient::BlockingClient(ConnectOptions options, schemas::Subject inbox)
    : state_(std::make_unique<State>(std::move(options), std::move(inbox))) {}

BlockingClient::~BlockingClient() = default;

Result<void> BlockingClient::connect(bool retry) {
  state_->was_started = true;
  return state_->connection.connect(retry);
}
bool BlockingClient::was_started() const noexcept {
  return state_->was_started;
}
bool BlockingClient::is_connected() const {
  return state_->connection.is_connected();
}
Connection& BlockingClient::connection() {
  return state_->connection;
}
const std::string& BlockingClient::last_error() const noexcept {
  return state_->last_error;
}
std::string BlockingClient::take_error() {
  return std::exchange(state_->last_error, {});
}
bool BlockingClient::is_closed() const noexcept {
  return state_->closed;
}
void BlockingClient::close() {
  state_->connection.close();
}

bool BlockingClient::run_until(const std::function<bool()>& done, Millis timeout) {
  using Clock = std::chrono::steady_clock;
  constexpr Millis kStopCheck_ms{50};
  const auto deadline = Clock::now() + timeout;
  state_->connection.flush();
  while (!done()) {
    const auto now = Clock::now();
    if (stopped() || state_->closed || now >= deadline) return false;
    state_->loop.restart();
    state_->loop.run_one_until(std::min(deadline, now + kStopCheck_ms));
  }
  return true;
}

Result<void> BlockingClient::request_many(const schemas::Subject& subject, std::string_view data,
                                          Millis timeout,
                                          const std::function<bool(const MessageView&)>& answer) {
  struct Wait {
    bool over = false;
    Result<void> result;
  };
  // Shared: after stop() the request is still pending when this returns.
  const auto wait = std::make_shared<Wait>();
  state_->connection.request_many(subject, data, timeout,
                                  [wait, &answer, this](const Result<MessageView>& one) {
                                    if (stopped() || wait->over) return false;
                                    if (!one) wait->result = tl::make_unexpected(one.error());
                                    wait->over = !one || !answer(*one);
                                    return !wait->over;
                                  });
  const bool answered = run_until([&wait] { return wait->over; }, timeout + Millis(100));
  if (answered) return wait->result;
  wait->over = true;
  if (state_->closed) return fail(Errc::kNoContact, state_->last_error);
  return fail(Errc::kTimeout, stopped() ? "stopped" : "no answer in time");
}

Result<std::string> BlockingClient::request(const schemas::Subject& subject, std::string_view data,
                                            Millis timeout) {
  std::string bytes;
  const auto result = request_many(subject, data, timeout, [&bytes](const MessageView& message) {
    bytes = message.data;
    return false;
  });
  if (!result) return tl::make_unexpected(result.error());
  return bytes;
}

Connection::SubscriptionId BlockingClient::subscribe(const schemas::Subject& pattern,
                                                     Connection::Handler handler) {
  return state_->connection.subscribe(pattern, std::move(handler));
}

bool BlockingClient::publish(const schemas::Subject& subject, std::string_view data,
                             const Headers& headers) {
  const bool sent = state_->connection.publish(subject, data, headers);
  state_->connection.flush();
  return sent;
}

}  // namespace estop::nats
