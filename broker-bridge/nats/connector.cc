// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/nats/connector.h"

#include <arpa/inet.h>

#include <algorithm>
#include <limits>
#include <random>

#include <fmt/format.h>

namespace estop::nats {
namespace {

using schemas::Errc;
using schemas::fail;

constexpr int kNoPingsMax = std::numeric_limits<int>::max();  // watch_silence() judges alone
constexpr int kUnluckyMax = 5;                                // in a row, once in 2^40

// Of several brokers each client takes another one first.
std::vector<Url> shuffled(std::vector<Url> urls) {
  std::shuffle(urls.begin(), urls.end(), std::minstd_rand(std::random_device{}()));
  return urls;
}

bool is_numeric(const std::string& host) {
  in6_addr address{};
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1 || host.find(':') != std::string::npos;
}

std::string last_words(natsStatus fallback) {
  const char* text = nats_GetLastError(nullptr);
  return text != nullptr && *text != 0 ? text : natsStatus_GetText(fallback);
}

}  // namespace

Connector::Connector(ConnectOptions options, std::shared_ptr<Relay> relay)
    : options_(std::move(options)),
      relay_(std::move(relay)),
      credentials_(std::make_shared<Credentials>(options_.creds_file)) {}

schemas::Result<OptionsOwner> Connector::make_options(const Url& url, Link& link) {
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
    set([this](natsOptions* made) { return credentials_->attach(made); }, raw);
  }
  if (url.is_secure || !options_.tls_ca_file.empty()) set(natsOptions_SetSecure, raw, true);
  if (!options_.tls_ca_file.empty()) {
    set(natsOptions_LoadCATrustedCertificates, raw, options_.tls_ca_file.c_str());
  }
  set([&link](natsOptions* made) { return link.hear(made); }, raw);
  if (status != NATS_OK) {
    return fail(Errc::kBadArgument, fmt::format("cannot set up the connection to {}: {}",
                                                redacted(options_.url), last_words(status)));
  }
  return owner;
}

tl::expected<Made, Refusal> Connector::attempt() {
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

tl::expected<Made, Refusal> Connector::attempt(const Url& url) {
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
    made.link->relay = relay_;
    made.link->credentials = credentials_;
    made.link->unconfirmed_max = options_.unconfirmed_max;
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
    if (!credentials_->take_unlucky()) break;
  }
  return tl::make_unexpected(Refusal{refusal(status), status == NATS_CONNECTION_AUTH_FAILED});
}

schemas::Error Connector::refusal(natsStatus status) const {
  const std::string broker = redacted(options_.url);
  const std::string words = last_words(status);
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

void Connector::start(int refused) {
  join();  // it has handed its connection over
  thread_ = std::thread([this, refused] { keep_connecting(refused); });
}

bool Connector::wait_to_connect() {
  std::minstd_rand random(std::random_device{}());
  std::uniform_int_distribution<Millis::rep> jitter(0, options_.reconnect_wait.count());
  std::unique_lock lock(mutex_);
  return !ended_.wait_for(lock, options_.reconnect_wait + Millis(jitter(random)),
                          [this] { return shall_end_; });
}

void Connector::keep_connecting(int refused) {
  while (wait_to_connect()) {
    auto made = attempt();
    if (made) {
      relay_->hop.post([relay = relay_, made = std::move(*made)]() mutable {
        relay->events.connected(std::move(made));
      });
      return;
    }
    refused = made.error().of_credential ? refused + 1 : 0;
    if (refused < options_.refused_max) continue;
    relay_->hop.post([relay = relay_, text = made.error().error.detail]() mutable {
      relay->events.refused(std::move(text));
    });
    return;
  }
}

void Connector::end() {
  {
    const std::lock_guard lock(mutex_);
    shall_end_ = true;
  }
  ended_.notify_all();
}

void Connector::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace estop::nats
