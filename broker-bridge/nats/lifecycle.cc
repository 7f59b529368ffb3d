// SPDX-License-Identifier: Apache-2.0

// Connecting, the end, and what nats.c tells about the connection from its own threads.
#include <arpa/inet.h>

#include <algorithm>
#include <limits>
#include <random>

#include <fmt/format.h>

#include "broker-bridge/daemon/random.h"
#include "broker-bridge/nats/state.h"

namespace estop::nats {
namespace {

using schemas::Errc;
using schemas::fail;

constexpr int kNoPingsMax = std::numeric_limits<int>::max();  // watch_silence() judges alone
constexpr int kUnluckyMax = 5;                                // in a row, once in 2^40

constexpr std::size_t kNonce_letters = 12;  // tells our requests from those of another process

// Of several brokers each client takes another one first.
std::vector<Url> shuffled(std::vector<Url> urls) {
  std::shuffle(urls.begin(), urls.end(), std::minstd_rand(std::random_device{}()));
  return urls;
}

bool is_numeric(const std::string& host) {
  in6_addr address{};
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1 || host.find(':') != std::string::npos;
}

std::string last_error(natsStatus fallback) {
  const char* text = nats_GetLastError(nullptr);
  return text != nullptr && *text != 0 ? text : natsStatus_GetText(fallback);
}

}  // namespace

std::string last_error(natsConnection* nc) {
  const char* text = nullptr;
  const auto status = natsConnection_GetLastError(nc, &text);
  if (text != nullptr && *text != 0) return text;
  return status == NATS_OK ? "connection closed" : natsStatus_GetText(status);
}

bool is_about_credential(const std::string& error) {
  constexpr std::string_view kSaid[] = {"User Authentication", "Account Authentication",
                                        "Authorization Violation"};
  return std::any_of(std::begin(kSaid), std::end(kSaid), [&](std::string_view words) {
    return error.find(words) != std::string::npos;
  });
}

Connection::State::State(boost::asio::io_context& loop, ConnectOptions options,
                         const std::string& inbox, ConnectionEvents events)
    : loop_(loop),
      options_(std::move(options)),
      inbox_(inbox.ends_with('>') ? inbox.substr(0, inbox.size() - 1) : inbox),
      events_(std::move(events)),
      credentials_(options_.creds_file),
      timer_(loop),
      silence_timer_(loop),
      nonce_(daemon::random_name(kNonce_letters)),
      hop_(loop) {}

schemas::Result<OptionsOwner> Connection::State::make_options(const Url& url, Link& link) {
  natsOptions* raw = nullptr;
  if (natsOptions_Create(&raw) != NATS_OK) return fail(Errc::kInternal, "nats.c: no memory");
  OptionsOwner owner(raw);
  natsStatus status = NATS_OK;
  const auto set = [&status](auto function, auto... arguments) {
    if (status == NATS_OK) status = function(arguments...);
  };
  set(natsOptions_SetURL, raw, url.text.c_str());
  set(natsOptions_SetTimeout, raw, options_.connect_timeout.count());
  set(natsOptions_SetPingInterval, raw, options_.ping_interval.count());
  set(natsOptions_SetMaxPingsOut, raw,
      options_.unanswered_pings_max > 0 ? options_.unanswered_pings_max : kNoPingsMax);
  set(natsOptions_SetAllowReconnect, raw, false);
  set(natsOptions_SetIOBufSize, raw, static_cast<int>(options_.read_bytes));
  set(natsOptions_SetSendAsap, raw, true);  // in event-loop mode: no flusher thread
  if (!options_.name.empty()) set(natsOptions_SetName, raw, options_.name.c_str());
  if (!options_.creds_file.empty()) {
    set([this](natsOptions* made) { return credentials_.attach(made); }, raw);
  }
  if (url.is_secure || !options_.tls_ca_file.empty()) set(natsOptions_SetSecure, raw, true);
  if (!options_.tls_ca_file.empty()) {
    set(natsOptions_LoadCATrustedCertificates, raw, options_.tls_ca_file.c_str());
  }
  set(natsOptions_SetClosedCB, raw, &State::on_closed, static_cast<void*>(&link));
  set(natsOptions_SetErrorHandler, raw, &State::on_error, static_cast<void*>(&link));
  set(natsOptions_SetLameDuckModeCB, raw, &State::on_lame_duck, static_cast<void*>(&link));
  // The loop pointer must not be null: with null the library silently stays in threaded mode.
  set(natsOptions_SetEventLoop, raw, static_cast<void*>(&link), &State::on_attach, &State::on_read,
      &State::on_write, &State::on_detach);
  if (status != NATS_OK) {
    return fail(Errc::kBadArgument, fmt::format("cannot set up the connection to {}: {}",
                                                redacted(options_.url), last_error(status)));
  }
  return owner;
}

tl::expected<Connection::State::Made, Connection::State::Refusal> Connection::State::attempt() {
  auto urls = parse_urls(options_.url);
  if (!urls) return tl::make_unexpected(Refusal{urls.error()});
  Refusal why;
  for (const Url& url : shuffled(std::move(*urls))) {
    auto made = attempt(url);
    if (made) return made;
    if (!why.of_credential) why = std::move(made.error());  // a broker that is there says more
  }
  return tl::make_unexpected(std::move(why));
}

tl::expected<Connection::State::Made, Connection::State::Refusal> Connection::State::attempt(
    const Url& url) {
  if (!is_numeric(url.host)) {
    // The library asks for the name, too, and cannot be called back: by now the answer is known.
    if (auto found = names_.find(url.host, options_.connect_timeout); !found) {
      return tl::make_unexpected(Refusal{found.error()});
    }
  }
  natsStatus status = NATS_OK;
  for (int left = kUnluckyMax; left > 0; --left) {
    Made made;
    made.link = std::make_shared<Link>();
    made.link->state = shared_from_this();
    const auto options = make_options(url, *made.link);
    if (!options) return tl::make_unexpected(Refusal{options.error()});
    natsConnection* raw = nullptr;
    made.link->self = made.link;
    status = natsConnection_Connect(&raw, options->get());
    if (status == NATS_OK) {
      made.nc.reset(raw);
      return made;
    }
    made.link->self.reset();  // what was never made is never told `closed`
    if (!credentials_.take_unlucky()) break;
  }
  return tl::make_unexpected(Refusal{refusal(status), status == NATS_CONNECTION_AUTH_FAILED});
}

schemas::Error Connection::State::refusal(natsStatus status) const {
  const std::string broker = redacted(options_.url);
  const std::string words = last_error(status);
  if (status == NATS_CONNECTION_AUTH_FAILED) {
    return {Errc::kUnauthenticated,
            fmt::format("the broker at {} refused the credential {}: {}", broker,
                        options_.creds_file.empty() ? "(none)" : options_.creds_file, words)};
  }
  if (status == NATS_SSL_ERROR || status == NATS_SECURE_CONNECTION_WANTED) {
    return {Errc::kNoContact,
            fmt::format("no TLS with the broker at {}: {} (its certificate must be of the CA of "
                        "--tls-ca and name that host)",
                        broker, words)};
  }
  return {Errc::kNoContact,
          fmt::format("no broker at {}: {} (is nats-server running there?)", broker, words)};
}

schemas::Result<void> Connection::State::connect(bool retry) {
  if (nc_ != nullptr || connector_.joinable() || closed_)
    return fail(Errc::kBadArgument, "connect() is called once");
  auto made = attempt();
  if (made) {
    adopt(std::move(*made));
    return {};
  }
  const Refusal& why = made.error();
  if (!retry || why.error.code == Errc::kBadArgument) return tl::make_unexpected(why.error);
  start_connecting(why.of_credential ? 1 : 0);
  hop_.post([self = shared_from_this(), text = why.error.detail + "; trying again"] {
    if (const auto tell = self->events_.error) tell(text);
  });
  return {};
}

void Connection::State::start_connecting(int refused) {
  if (connector_.joinable()) connector_.join();  // it has handed its connection over
  connector_ = std::thread([this, refused] { keep_connecting(refused); });
}

bool Connection::State::wait_to_connect() {
  std::minstd_rand random(std::random_device{}());
  std::uniform_int_distribution<Millis::rep> jitter(0, options_.reconnect_wait.count());
  std::unique_lock lock(connector_mutex_);
  return !connector_ended_.wait_for(lock, options_.reconnect_wait + Millis(jitter(random)),
                                    [this] { return connector_shall_end_; });
}

void Connection::State::keep_connecting(int refused) {
  while (wait_to_connect()) {
    auto made = attempt();
    if (made) {
      hop_.post([self = shared_from_this(), made = std::move(*made)]() mutable {
        self->adopt(std::move(made));
      });
      return;
    }
    refused = made.error().of_credential ? refused + 1 : 0;
    if (refused < options_.refused_max) continue;
    hop_.post([self = shared_from_this(), text = made.error().error.detail]() mutable {
      self->end(std::move(text));
    });
    return;
  }
}

// To another server of the url, if it names one; the old connection serves until the new one is
// there. With one server alone it serves until that server closes it.
void Connection::State::leave_lame_duck(const std::shared_ptr<Link>& link) {
  if (closed_ || link != link_ || moving_) return;
  if (const auto tell = events_.error) tell("the broker goes away soon (lame duck)");
  const auto urls = parse_urls(options_.url);
  if (closed_ || !urls || urls->size() < 2) return;
  moving_ = true;
  start_connecting(0);
}

void Connection::State::close() {
  if (closed_) return;
  flush();
  closed_ = true;
  hop_.shut();
  {
    const std::lock_guard lock(connector_mutex_);
    connector_shall_end_ = true;
  }
  connector_ended_.notify_all();
  timer_.reset();
  silence_timer_.reset();
  requests_.clear();
  deadlines_.clear();
  for (const auto& one : subscriptions_) one->dead = true;
  // First of the library's objects: closing marks the subscriptions, which then need no lock.
  if (nc_ != nullptr) natsConnection_Close(nc_.get());
  release();
  if (!in_batch_) subscriptions_.clear();
  events_ = {};
  if (connector_.joinable()) connector_.join();
}

void Connection::State::end(std::string reason) {
  if (closed_) return;
  if (link_ != nullptr) lose(reason);
  const auto tell = events_.closed;
  close();
  if (tell) tell(std::move(reason));
}

// On the library's callback thread.
void Connection::State::on_closed(natsConnection* /*nc*/, void* closure) {
  const auto last = std::move(static_cast<Link*>(closure)->self);
}

void Connection::State::on_lame_duck(natsConnection* /*nc*/, void* closure) {
  auto& link = *static_cast<Link*>(closure);
  link.state->hop_.post([state = link.state, told = link.self] { state->leave_lame_duck(told); });
}

void Connection::State::on_error(natsConnection* nc, natsSubscription* /*sub*/,
                                 natsStatus /*status*/, void* closure) {
  const auto state = static_cast<Link*>(closure)->state;
  state->hop_.post([state, text = last_error(nc)] {
    if (const auto tell = state->events_.error) tell(text);
  });
}

}  // namespace estop::nats
