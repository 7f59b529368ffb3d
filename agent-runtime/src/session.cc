// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/src/session.h"

#include <algorithm>
#include <utility>

#include "broker-bridge/daemon/random.h"
#include "schemas/codec.h"

namespace estop::agent {
namespace {

constexpr std::size_t kNoticesMax = 1'024;
constexpr std::size_t kStopsMax = 16;
constexpr std::uint32_t kJitterMax_ms = 100;

nats::ConnectOptions connect_options(const AgentOptions& options, const Identity& self) {
  nats::ConnectOptions made;
  made.unanswered_pings_max = nats::kUnansweredPingsMax;
  made.url = options.url;
  made.name = self.address.text() + "@" + self.instance.text();
  made.creds_file = options.creds_file;
  made.tls_ca_file = options.tls_ca_file;
  made.connect_timeout = options.connect_timeout;
  return made;
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open(AgentOptions options) {
  if (auto sound = validate(options); !sound) return tl::make_unexpected(sound.error());
  auto self = identity_from(options);
  if (!self) return tl::make_unexpected(self.error());
  auto keys = keys_from(options);
  if (!keys) return tl::make_unexpected(keys.error());
  auto session = std::make_unique<Session>(std::move(options), std::move(*self), std::move(*keys));
  if (auto started = session->start(); !started) return tl::make_unexpected(started.error());
  const auto ready = session->standing_.wait_ready(session->options_.ready_timeout);
  if (!ready) return tl::make_unexpected(ready.error());
  return session;
}

Session::Session(AgentOptions options, Identity identity, Keys keys)
    : options_(std::move(options)),
      keys_(std::move(keys)),
      notices_(kNoticesMax, [](const std::string&) {}),
      stops_(kStopsMax,
             [this](std::string what) {
               alarm({Errc::kInternal, "the on_stop callback threw: " + what});
             }),
      link_(identity, connect_options(options_, identity), connection_events(), [this] { tick(); }),
      standing_(link_.loop(), options_.on_lost_contact == OnLostContact::kStop),
      obedience_(obedience_config()),
      store_(link_, standing_, options_.store_timeout),
      intents_(link_, standing_, options_, intent_hooks()) {}

ObedienceConfig Session::obedience_config() const {
  ObedienceConfig config;
  config.address = link_.identity().address;
  config.instance = link_.identity().instance;
  config.stop_on_lost_contact = options_.on_lost_contact == OnLostContact::kStop;
  config.hello_jitter = Millis{daemon::random_number() % kJitterMax_ms};
  return config;
}

nats::ConnectionEvents Session::connection_events() {
  nats::ConnectionEvents events;
  events.connected = [this] { happen(Connected{}); };
  events.disconnected = [this](const std::string& reason) {
    intents_.fail_all({Errc::kNoContact, "contact with the broker was lost: " + reason});
    happen(Disconnected{});
  };
  events.closed = [this](const std::string& reason) {
    intents_.fail_all({Errc::kUnauthenticated, reason});
    happen(SessionLost{{Errc::kUnauthenticated, "the broker ended the session: " + reason}});
  };
  events.error = [this](const std::string& text) { alarm({Errc::kNotPermitted, text}); };
  return events;
}

Intents::Hooks Session::intent_hooks() {
  Intents::Hooks hooks;
  hooks.refused = [this](Refusal refusal) {
    if (auto tell = callbacks().refused) {
      notice([tell = std::move(tell), refusal = std::move(refusal)] { tell(refusal); });
    }
  };
  hooks.reply_lost = [this](Error error) { alarm(std::move(error)); };
  hooks.foreign_reply = [this](Error error) { alarm(std::move(error)); };
  hooks.doubted = [this](Errc code) { happen(Doubted{code}); };
  hooks.ended = [this](std::uint64_t drain) {
    link_.post([this, drain] { happen(HandlersEnded{drain}); });
  };
  return hooks;
}

// Control subjects first: of what one read brings, orders are looked at before anything else.
Result<void> Session::start() {
  const auto& self = link_.identity();
  const auto hear = [this](const nats::MessageView& view) { on_control(view); };
  link_.connection().subscribe(self.subjects.control_of(self.address), hear);
  link_.connection().subscribe(self.subjects.control_all(), hear);
  intents_.listen();
  if (auto connected = link_.connect(); !connected) return connected;
  link_.start();
  return {};
}

void Session::on_stop(std::function<void(const StopOrder&)> callback) {
  {
    const std::lock_guard lock(callbacks_mutex_);
    callbacks_.stop = std::move(callback);
  }
  stops_.post([this] {
    if (const auto order = std::exchange(untold_, std::nullopt)) tell_stop(*order);
  });
}

void Session::tell_stop(const StopOrder& order) {
  const auto tell = callbacks().stop;
  if (tell) return tell(order);
  untold_ = order;
}

void Session::on_resume(std::function<void()> callback) {
  const std::lock_guard lock(callbacks_mutex_);
  callbacks_.resume = std::move(callback);
}

void Session::on_refused(std::function<void(const Refusal&)> callback) {
  const std::lock_guard lock(callbacks_mutex_);
  callbacks_.refused = std::move(callback);
}

void Session::on_error(std::function<void(const Error&)> callback) {
  const std::lock_guard lock(callbacks_mutex_);
  callbacks_.error = std::move(callback);
}

Session::Callbacks Session::callbacks() const {
  const std::lock_guard lock(callbacks_mutex_);
  return callbacks_;
}

void Session::notify(const SerialThread::Work& work) {
  if (!notices_.post(work)) work();
}

void Session::notice(SerialThread::Work work) {
  if (!notices_.try_post(std::move(work))) ++notices_dropped_;
}

void Session::alarm(Error error) {
  standing_.note(error);
  if (auto tell = callbacks().error) {
    notice([tell = std::move(tell), error = std::move(error)] { tell(error); });
  }
}

void Session::unsent(const std::string& what, const Error& why) {
  ++unsent_;
  alarm({why.code, what + " was not sent: " + why.detail});
}

void Session::report(const Report& report) {
  ++(report.success ? tally_.succeeded : tally_.failed);
  tally_.latency_total_us +=
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, report.latency.count()));
  tally_.cost_micro_usd += report.cost_micro_usd;
  tally_.tokens += report.tokens;
  tally_.api_calls += report.api_calls;
}

AgentStats Session::stats() const {
  AgentStats stats;
  intents_.count(stats);
  stats.bad_signatures = bad_signatures_.load();
  stats.unsent = unsent_.load();
  stats.notices_dropped = notices_dropped_.load();
  return stats;
}

}  // namespace estop::agent
