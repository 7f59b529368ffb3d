// SPDX-License-Identifier: Apache-2.0

// When a Connection connects, is lost, moves, and ends.
#include <algorithm>

#include "broker-bridge/nats/state.h"

namespace estop::nats {
namespace {

using schemas::Errc;
using schemas::fail;

// Whether the broker said so of a credential that it had accepted: revoked, expired.
bool is_about_credential(const std::string& error) {
  constexpr std::string_view kSaid[] = {"User Authentication", "Account Authentication",
                                        "Authorization Violation"};
  return std::any_of(std::begin(kSaid), std::end(kSaid), [&](std::string_view words) {
    return error.find(words) != std::string::npos;
  });
}

}  // namespace

std::shared_ptr<Connection::State> Connection::State::make(boost::asio::io_context& loop,
                                                           ConnectOptions options,
                                                           const std::string& inbox,
                                                           ConnectionEvents events) {
  auto made = std::make_shared<State>(loop, std::move(options), inbox, std::move(events));
  made->relay_->events = made->heard_by_relay();
  return made;
}

Connection::State::State(boost::asio::io_context& loop, ConnectOptions options,
                         const std::string& inbox, ConnectionEvents events)
    : options_(std::move(options)),
      events_(std::move(events)),
      relay_(std::make_shared<Relay>(loop)),
      wire_(std::make_shared<Wire>(loop, options_, std::exchange(events_.may_write, {}), relay_)),
      requests_(std::make_shared<Requests>(loop, inbox, wire_)),
      connector_(options_, relay_) {}

RelayEvents Connection::State::heard_by_relay() {
  const auto with = [weak = weak_from_this()](auto act) {
    return [weak, act](auto&&... told) {
      if (const auto self = weak.lock()) act(*self, std::forward<decltype(told)>(told)...);
    };
  };
  RelayEvents heard;
  heard.connected = with([](State& self, Made made) { self.adopt(std::move(made)); });
  heard.refused = with([](State& self, std::string reason) { self.end(std::move(reason)); });
  heard.lost = with([](State& self, const std::shared_ptr<Link>& link) { self.drop(link); });
  heard.lame_duck =
      with([](State& self, const std::shared_ptr<Link>& link) { self.leave_lame_duck(link); });
  heard.error = with([](State& self, const std::string& text) { self.complain(text); });
  heard.write = with([](State& self) { self.wire_->flush(); });
  return heard;
}

schemas::Result<void> Connection::State::connect(bool retry) {
  if (wire_->link() != nullptr || connector_.is_started() || closed_)
    return fail(Errc::kBadArgument, "connect() is called once");
  auto made = connector_.attempt();
  if (made) {
    adopt(std::move(*made));
    return {};
  }
  const Refusal& why = made.error();
  if (!retry || why.error.code == Errc::kBadArgument) return tl::make_unexpected(why.error);
  connector_.start(why.of_credential ? 1 : 0);
  relay_->hop.post(
      [relay = relay_, text = why.error.detail + "; trying again"] { relay->events.error(text); });
  return {};
}

void Connection::State::adopt(Made made) {
  const auto self = shared_from_this();  // whom it tells may destroy the Connection
  if (closed_) return;
  if (made.link->lost.load(std::memory_order_acquire)) return connector_.start(0);
  moving_ = false;
  if (wire_->link() != nullptr) {
    wire_->flush();
    lose("moved away from a broker that goes away");
    if (closed_) return;
  }
  wire_->begin(std::move(made));
  if (const auto tell = events_.connected) tell();
  wire_->flush();
}

void Connection::State::lose(const std::string& reason) {
  wire_->release();
  requests_->fail_all(reason);
  if (const auto tell = events_.disconnected) tell(reason);
}

void Connection::State::drop(const std::shared_ptr<Link>& link) {
  if (closed_ || link == nullptr || link != wire_->link()) return;
  std::string reason = wire_->why_lost();
  if (is_about_credential(reason)) return end(std::move(reason));
  lose(reason);
  if (!closed_ && !moving_) connector_.start(0);
}

void Connection::State::complain(const std::string& text) {
  if (const auto tell = events_.error) tell(text);
}

// To another server of the url, if it names one; the old connection serves until the new one is
// there. With one server alone it serves until that server closes it.
void Connection::State::leave_lame_duck(const std::shared_ptr<Link>& link) {
  if (closed_ || link != wire_->link() || moving_) return;
  complain("the broker goes away soon (lame duck)");
  const auto urls = parse_urls(options_.url);
  if (closed_ || !urls || urls->size() < 2) return;
  moving_ = true;
  connector_.start(0);
}

void Connection::State::close() {
  if (closed_) return;
  wire_->flush();
  closed_ = true;
  relay_->hop.shut();
  connector_.end();
  requests_->close();
  wire_->close();
  events_ = {};
  connector_.join();
}

void Connection::State::end(std::string reason) {
  if (closed_) return;
  if (wire_->link() != nullptr) lose(reason);
  const auto tell = events_.closed;
  close();
  if (tell) tell(std::move(reason));
}

}  // namespace estop::nats
