// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/src/session.h"

#include <utility>

namespace estop::agent {
namespace {

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
  auto session = std::make_unique<Session>(std::move(options), *self, std::move(*keys));
  if (auto started = session->start(); !started) return tl::make_unexpected(started.error());
  const auto ready = session->standing_.wait_ready(session->options_.ready_timeout);
  if (!ready) return tl::make_unexpected(ready.error());
  return session;
}

Session::Session(AgentOptions options, const Identity& identity, Keys keys)
    : options_(std::move(options)),
      keys_(std::move(keys)),
      callbacks_(standing_),
      stop_calls_([this](const std::string& what) {
        callbacks_.alarm({Errc::kInternal, "the on_stop callback threw: " + what});
      }),
      link_(identity, connect_options(options_, identity), connection_events(), [this] { tick(); }),
      standing_(link_.loop(), options_.on_lost_contact == OnLostContact::kStop),
      performer_(
          {options_, keys_, link_, standing_, intents_, store_, callbacks_, stop_calls_, tally_}),
      store_(link_, standing_, options_.store_timeout),
      intents_(link_, standing_, options_, intent_hooks()) {}

nats::ConnectionEvents Session::connection_events() {
  nats::ConnectionEvents events;
  events.connected = [this] { performer_.happen(Connected{}); };
  events.disconnected = [this](const std::string& reason) {
    intents_.fail_all({Errc::kNoContact, "contact with the broker was lost: " + reason});
    performer_.happen(Disconnected{});
  };
  events.closed = [this](const std::string& reason) {
    intents_.fail_all({Errc::kUnauthenticated, reason});
    performer_.happen(
        SessionLost{{Errc::kUnauthenticated, "the broker ended the session: " + reason}});
  };
  events.error = [this](const std::string& text) { callbacks_.alarm({Errc::kNotPermitted, text}); };
  return events;
}

Intents::Hooks Session::intent_hooks() {
  Intents::Hooks hooks;
  hooks.refused = [this](Refusal refusal) { callbacks_.refused(std::move(refusal)); };
  hooks.reply_lost = [this](Error error) { callbacks_.alarm(std::move(error)); };
  hooks.foreign_reply = [this](Error error) { callbacks_.alarm(std::move(error)); };
  hooks.doubted = [this](Errc code) { performer_.happen(Doubted{code}); };
  hooks.ended = [this](std::uint64_t drain) {
    link_.post([this, drain] { performer_.happen(HandlersEnded{drain}); });
  };
  return hooks;
}

// Control subjects first: of what one read brings, orders are looked at before anything else.
Result<void> Session::start() {
  const auto& self = link_.identity();
  const auto hear = [this](const nats::MessageView& view) { performer_.hear(view); };
  link_.connection().subscribe(self.subjects.control_of(self.address), hear);
  link_.connection().subscribe(self.subjects.control_all(), hear);
  intents_.listen();
  if (auto connected = link_.connect(); !connected) return connected;
  link_.start();
  return {};
}

void Session::tick() {
  intents_.expire();
  performer_.happen(Tick{});
  if (const auto due = intents_.next_deadline()) link_.wake_at(*due);
}

AgentStats Session::stats() const {
  AgentStats stats;
  intents_.count(stats);
  tally_.write(stats);
  stats.notices_dropped = callbacks_.dropped();
  return stats;
}

}  // namespace estop::agent
