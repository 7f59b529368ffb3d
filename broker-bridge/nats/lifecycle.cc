// Connecting, the end, and what nats.c tells about the connection from its own threads.
#include <algorithm>
#include <random>

#include <fmt/format.h>

#include "broker-bridge/nats/state.h"

namespace estop::nats {
namespace {

using schemas::Errc;
using schemas::fail;

constexpr int kPingsOutMax = 2;
constexpr int kUnluckyMax = 5;  // in a row, once in 2^40

std::vector<std::string> split_urls(const std::string& text) {
  std::vector<std::string> urls;
  for (std::size_t at = 0; at <= text.size();) {
    const auto comma = std::min(text.find(',', at), text.size());
    if (comma > at) urls.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return urls;
}

// For error texts: without user and password.
std::string without_secrets(const std::string& text) {
  std::string shown;
  for (const auto& url : split_urls(text)) {
    const auto scheme = url.find("://");
    const auto start = scheme == std::string::npos ? 0 : scheme + 3;
    const auto at = url.rfind('@');
    if (!shown.empty()) shown += ',';
    shown +=
        at == std::string::npos || at < start ? url : url.substr(0, start) + url.substr(at + 1);
  }
  return shown;
}

// Tells this process's requests from those of another one under the same inbox.
std::string random_nonce() {
  constexpr std::string_view kAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz";
  constexpr int kNonce_chars = 12;
  std::random_device source;
  std::uniform_int_distribution<std::size_t> pick(0, kAlphabet.size() - 1);
  std::string nonce;
  for (int i = 0; i < kNonce_chars; ++i) nonce += kAlphabet[pick(source)];
  return nonce;
}

std::string last_error(natsStatus fallback) {
  const char* text = nats_GetLastError(nullptr);
  return text != nullptr && *text != 0 ? text : natsStatus_GetText(fallback);
}

std::string last_error(natsConnection* nc) {
  const char* text = nullptr;
  const auto status = natsConnection_GetLastError(nc, &text);
  if (text != nullptr && *text != 0) return text;
  return status == NATS_OK ? "connection closed" : natsStatus_GetText(status);
}

}  // namespace

Connection::State::State(boost::asio::io_context& loop, ConnectOptions options,
                         const std::string& inbox, ConnectionEvents events)
    : loop_(loop),
      options_(std::move(options)),
      inbox_(inbox.ends_with('>') ? inbox.substr(0, inbox.size() - 1) : inbox),
      events_(std::move(events)),
      credentials_(options_.creds_file),
      timer_(loop),
      nonce_(random_nonce()),
      hop_(loop) {}

schemas::Result<OptionsOwner> Connection::State::make_options(bool retry) {
  natsOptions* raw = nullptr;
  if (natsOptions_Create(&raw) != NATS_OK) return fail(Errc::kInternal, "nats.c: no memory");
  OptionsOwner owner(raw);
  const auto urls = split_urls(options_.url);
  std::vector<const char*> servers;
  for (const auto& url : urls) servers.push_back(url.c_str());
  if (servers.empty()) return fail(Errc::kBadArgument, "the broker's url is empty");

  natsStatus status = NATS_OK;
  const auto set = [&status](auto function, auto... arguments) {
    if (status == NATS_OK) status = function(arguments...);
  };
  set(natsOptions_SetServers, raw, servers.data(), static_cast<int>(servers.size()));
  set(natsOptions_SetTimeout, raw, options_.connect_timeout.count());
  set(natsOptions_SetPingInterval, raw, options_.ping_interval.count());
  set(natsOptions_SetMaxPingsOut, raw, kPingsOutMax);
  set(natsOptions_SetMaxReconnect, raw, -1);  // for ever; the default gives up after 60
  set(natsOptions_SetReconnectWait, raw, options_.reconnect_wait.count());
  set(natsOptions_SetReconnectJitter, raw, options_.reconnect_wait.count(),
      options_.reconnect_wait.count());
  set(natsOptions_SetReconnectBufSize, raw, 0);  // nothing is replayed
  set(natsOptions_SetIOBufSize, raw, static_cast<int>(options_.read_bytes));
  set(natsOptions_SetSendAsap, raw, true);  // in event-loop mode: no flusher thread
  if (!options_.name.empty()) set(natsOptions_SetName, raw, options_.name.c_str());
  if (!options_.creds_file.empty()) {
    set([this](natsOptions* made) { return credentials_.attach(made); }, raw);
  }
  if (!options_.tls_ca_file.empty()) {
    set(natsOptions_SetSecure, raw, true);
    set(natsOptions_LoadCATrustedCertificates, raw, options_.tls_ca_file.c_str());
  }
  set(natsOptions_SetClosedCB, raw, &State::on_closed, static_cast<void*>(this));
  set(natsOptions_SetErrorHandler, raw, &State::on_error, static_cast<void*>(this));
  if (retry) {  // needs a callback to go on in the background; the attach tells us all we need
    set(
        natsOptions_SetRetryOnFailedConnect, raw, true, +[](natsConnection*, void*) {},
        static_cast<void*>(this));
  }
  // The loop pointer must not be null: with null the library silently stays in threaded mode.
  set(natsOptions_SetEventLoop, raw, static_cast<void*>(this), &State::on_attach, &State::on_read,
      &State::on_write, &State::on_detach);
  if (status != NATS_OK) {
    return fail(Errc::kBadArgument, fmt::format("cannot set up the connection to {}: {}",
                                                options_.url, last_error(status)));
  }
  return owner;
}

schemas::Result<natsStatus> Connection::State::attempt(bool retry) {
  natsConnection* raw = nullptr;
  natsStatus status = NATS_OK;
  for (int left = kUnluckyMax; left > 0; --left) {
    auto options = make_options(retry);
    if (!options) return tl::make_unexpected(options.error());
    status = natsConnection_Connect(&raw, options->get());
    if (retry || !credentials_.take_unlucky()) break;
  }
  nc_.reset(raw);
  return status;
}

schemas::Error Connection::State::refusal(natsStatus status) const {
  const std::string broker = without_secrets(options_.url);
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
  if (nc_ != nullptr || closed_) return fail(Errc::kBadArgument, "connect() is called once");
  anchor_ = shared_from_this();
  // First without retry: with it, nats.c closes for good what the first handshake refuses, and
  // never says why it goes on trying.
  auto tried = attempt(false);
  if (tried && *tried != NATS_OK && retry) {
    hop_.post([self = shared_from_this(), text = refusal(*tried).detail + "; trying again"] {
      if (const auto tell = self->events_.error) tell(text);
    });
    tried = attempt(true);
  }
  if (!tried) {
    anchor_.reset();
    return tl::make_unexpected(tried.error());
  }
  const natsStatus status = *tried;
  if (status == NATS_OK || status == NATS_NOT_YET_CONNECTED) {
    adopt();
    return {};
  }
  anchor_.reset();
  return tl::make_unexpected(refusal(status));
}

void Connection::State::close() {
  if (closed_) return;
  flush();
  closed_ = true;
  hop_.shut();
  release_socket();
  timer_.reset();
  requests_.clear();
  deadlines_.clear();
  // First of the library's objects: closing marks the subscriptions, which then need no lock.
  if (nc_ != nullptr) natsConnection_Close(nc_.get());
  for (const auto& one : subscriptions_) {
    one->dead = true;
    one->handle.reset();
  }
  if (!in_batch_) subscriptions_.clear();
  retired_.clear();
  events_ = {};
  nc_.reset();
}

void Connection::State::end(std::string reason) {
  if (closed_) return;
  if (socket_) drop_socket(generation_, reason);
  const auto tell = events_.closed;
  close();
  if (tell) tell(std::move(reason));
}

// On the library's callback thread.
void Connection::State::on_closed(natsConnection* nc, void* closure) {
  auto* state = static_cast<State*>(closure);
  const auto self = std::move(state->anchor_);  // the last callback of this connection
  state->hop_.post([self, reason = last_error(nc)]() mutable { self->end(std::move(reason)); });
}

void Connection::State::on_error(natsConnection* nc, natsSubscription* /*sub*/,
                                 natsStatus /*status*/, void* closure) {
  auto* state = static_cast<State*>(closure);
  std::string text = last_error(nc);
  state->hop_.post([self = state->shared_from_this(), text = std::move(text)] {
    if (const auto tell = self->events_.error) tell(text);
  });
}

}  // namespace estop::nats
