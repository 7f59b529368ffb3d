// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/http_responder.h"

#include <utility>

#include "broker-bridge/daemon/http_exchange.h"
#include "broker-bridge/daemon/http_session.h"

namespace estop::daemon {

void HttpExchange::answer(HttpAnswer answer) const {
  to_session_([number = number_, answer = std::move(answer)](HttpSession& session) {
    session.answer(number, answer);
  });
}

void HttpExchange::begin(HttpAnswer answer) const {
  to_session_([number = number_, answer = std::move(answer), flow = flow_](HttpSession& session) {
    session.begin(number, answer, flow);
  });
}

bool HttpExchange::send(std::string bytes) const {
  if (!flow_->is_open) return false;
  if (bytes.empty()) return true;
  const std::size_t cost = bytes.size() + kHttpPiece_bytes;
  if (flow_->unsent_bytes.fetch_add(cost) + cost > stream_max_bytes_) {
    flow_->is_open = false;
    to_session_([number = number_](HttpSession& session) { session.cut(number); });
    return false;
  }
  to_session_([number = number_, bytes = std::move(bytes)](HttpSession& session) {
    session.more(number, bytes);
  });
  return true;
}

void HttpExchange::finish() const {
  to_session_([number = number_](HttpSession& session) { session.finish(number); });
}

HttpStream::HttpStream(std::unique_ptr<HttpExchange> exchange) : exchange_(std::move(exchange)) {}
HttpStream::HttpStream(HttpStream&&) noexcept = default;

HttpStream& HttpStream::operator=(HttpStream&& other) noexcept {
  std::swap(exchange_, other.exchange_);
  return *this;
}

HttpStream::~HttpStream() {
  if (exchange_ != nullptr) exchange_->finish();
}

bool HttpStream::send(std::string bytes) {
  return exchange_ != nullptr && exchange_->send(std::move(bytes));
}

bool HttpStream::is_open() const {
  return exchange_ != nullptr && exchange_->is_open();
}

HttpResponder::HttpResponder(std::unique_ptr<HttpExchange> exchange)
    : exchange_(std::move(exchange)) {}
HttpResponder::HttpResponder(HttpResponder&&) noexcept = default;

HttpResponder& HttpResponder::operator=(HttpResponder&& other) noexcept {
  std::swap(exchange_, other.exchange_);
  return *this;
}

HttpResponder::~HttpResponder() {
  answer(to_answer({500, {}, {}}, false));
}

void HttpResponder::answer(HttpAnswer answer) {
  if (const auto exchange = std::move(exchange_)) exchange->answer(std::move(answer));
}

HttpStream HttpResponder::stream(HttpAnswer answer) {
  if (exchange_ != nullptr) exchange_->begin(std::move(answer));
  return HttpStream(std::move(exchange_));
}

}  // namespace estop::daemon
