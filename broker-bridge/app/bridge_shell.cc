// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/app/bridge_shell.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "broker-bridge/app/bridge_metrics.h"
#include "broker-bridge/app/log_reader.h"
#include "broker-bridge/app/options.h"
#include "broker-bridge/core/bridge_core.h"
#include "broker-bridge/core/contact/arrival.h"
#include "broker-bridge/daemon/log.h"
#include "broker-bridge/nats/connection.h"
#include "schemas/codec.h"

namespace estop::bridge {

using nats::Connection;
using nats::MessageView;

namespace {

constexpr Nanos kLookAtControl = 200'000;  // how long a batch of intents may keep a kill waiting
constexpr std::chrono::milliseconds kSettleWait{2};
constexpr Nanos kDrainMax = 1'000'000'000;

}  // namespace

struct BridgeShell::State {
  nats::Loop& loop;
  BridgeIdentity identity;
  BridgeMetrics& metrics;
  Events events;
  BridgeCore core;
  Connection agents;
  Connection control;
  nats::Loop::Timer timer;
  nats::Loop::Timer settle_timer;
  bool settling = false;
  std::chrono::milliseconds tick;
  Nanos arrival_time;
  Arrival arrival;
  std::unique_ptr<LogReader> reader;
  std::optional<Connection::SubscriptionId> intents;
  Nanos looked_at_control = 0;
  std::uint64_t batch = 0;
  Nanos leaving_until = 0;  // 0: not leaving
  nats::Headers refusal{
      {"Nats-Service-Error-Code", ""}, {"Nats-Service-Error", ""}, {"Estop-Error", ""}};

  State(nats::Loop& on, const BridgeConfig& config, BridgeIdentity who, BridgeMetrics& shown,
        Events told)
      : loop(on),
        identity(std::move(who)),
        metrics(shown),
        events(std::move(told)),
        core(core_options(config, identity)),
        agents(loop, connect_options(config, config.agents_creds),
               identity.subjects.own_inbox(identity.id), watch(Account::kAgents)),
        control(loop, connect_options(config, config.control_creds),
                identity.subjects.own_inbox(identity.id), watch(Account::kControl)),
        tick(std::clamp(config.beat_ms / 10, 2U, 50U)),
        arrival_time(bridge::arrival_time(config)) {}

  // --- Events into the core ---

  template <class Event>
  void handle(Event&& event) {
    Effects effects;
    event(loop.now(), effects);
    perform(effects);
  }

  nats::ConnectionEvents watch(Account account) {
    const std::string_view name = account == Account::kAgents ? "AGENTS" : "CONTROL";
    nats::ConnectionEvents told;
    told.connected = [this, account, name] {
      daemon::log_info("connected", {{"account", name}});
      handle([&](Nanos now, Effects& out) { core.on_connected(account, now, out); });
    };
    told.disconnected = [this, account, name](const std::string& reason) {
      daemon::log_warn("disconnected", {{"account", name}, {"reason", reason}});
      handle([&](Nanos now, Effects& out) { core.on_disconnected(account, now, out); });
    };
    told.closed = [this, account, name](const std::string& reason) {
      handle([&](Nanos now, Effects& out) { core.on_disconnected(account, now, out); });
      events.failed(std::string(name) + ": " + reason);
    };
    told.error = [name](const std::string& text) {
      daemon::log_warn("broker-error", {{"account", name}, {"text", text}});
    };
    told.may_write = [this] { return core.may_write(loop.now()); };
    return told;
  }

  schemas::Result<void> start() {
    // The log before the leases: a frame's head must not be seen before the record that it names.
    control.subscribe(identity.subjects.log(), [this](const MessageView& m) { on_log(m); });
    control.subscribe(identity.subjects.emergencies(),
                      [this](const MessageView& m) { on_emergency(m); });
    control.subscribe(identity.subjects.lease(), [this](const MessageView& m) {
      handle([&](Nanos now, Effects& out) { core.on_lease(m.data, now, out); });
    });
    if (auto connected = control.connect(true); !connected) return connected;
    if (auto connected = agents.connect(true); !connected) return connected;
    arm_timer();
    return {};
  }

  void on_log(const MessageView& message) {
    handle([&](Nanos now, Effects& out) { core.on_log(message.data, now, out); });
    settle_soon();
  }

  void on_emergency(const MessageView& message) {
    const auto actor = identity.subjects.parse_emergency(message.subject);
    if (!actor) return;
    handle([&](Nanos now, Effects& out) { core.on_emergency(*actor, message.data, now, out); });
    settle_soon();
  }

  // Signatures are checked when the receipts are on their way to the operator.
  void settle_soon() {
    if (std::exchange(settling, true)) return;
    settle_timer = loop.after(kSettleWait, [this] {
      settling = false;
      handle([&](Nanos now, Effects& out) { core.settle(now, out); });
    });
  }

  void arm_timer() {
    timer = loop.after(tick, [this] {
      handle([&](Nanos now, Effects& out) { core.on_tick(now, out); });
      look_at_arrival();
      if (leaving_until != 0 && has_drained()) return events.left();
      arm_timer();
    });
  }

  void look_at_arrival() {
    if (!arrival.is_late(loop.now(), agents.unconfirmed_bytes())) return;
    agents.abandon("what was forwarded has not arrived within the lease");
  }

  void leave() {
    if (leaving_until != 0) return;
    leaving_until = loop.now() + kDrainMax;
    handle([&](Nanos now, Effects& out) { core.on_leave(now, out); });
  }

  [[nodiscard]] bool has_drained() const {
    return loop.now() >= leaving_until || agents.buffered_bytes() + control.buffered_bytes() == 0;
  }

  // --- The hot path ---

  void on_intent(const MessageView& message) {
    const Nanos now = look_at_control();
    if (!message.reply.empty()) count_reply(message);
    const IntentOutcome& outcome = core.on_intent(message.subject, message.data, now);
    switch (outcome.action) {
      case IntentOutcome::Action::kForward:
        if (agents.publish_guarded(outcome.subject, message.data)) return core.forwarded();
        return refuse(core.not_forwarded(message.subject, message.data));
      case IntentOutcome::Action::kRefuse:
        refuse(outcome);
        return;
      case IntentOutcome::Action::kIgnore:
        return;
    }
  }

  void refuse(const IntentOutcome& outcome) {
    metrics.refused(outcome.code);
    refusal[0].second = std::to_string(schemas::status(outcome.code));
    refusal[1].second = outcome.text;
    refusal[2].second = std::to_string(static_cast<unsigned>(outcome.code));
    if (!agents.publish_built(outcome.subject, {}, refusal)) unsent(BridgeMessage::kRefusal);
  }

  // Within a batch of intents the loop does not look at control: then it is looked at here.
  Nanos look_at_control() {
    const Nanos now = loop.now();
    const bool is_new_batch = std::exchange(batch, agents.batches()) != agents.batches();
    if (is_new_batch) looked_at_control = now;
    if (now - looked_at_control <= kLookAtControl) return now;
    control.poll();
    return looked_at_control = loop.now();
  }

  // A reply subject is never used here: it could lead a refusal to a foreign subject. Only counted.
  void count_reply(const MessageView& message) {
    const auto parts = identity.subjects.parse_intent(message.subject);
    if (parts && identity.subjects.honoured_reply(parts->sender, message.reply)) return;
    metrics.ignored_reply();
  }

  // --- Effects ---

  void perform(const Effects& effects) {
    for (const Effect& effect : effects) {
      std::visit([this](const auto& one) { perform(one); }, effect);
    }
  }

  void perform(const SendBeat& send) {
    const auto bytes = encode(send.beat);
    if (!bytes) return unwritable("beat", bytes.error());
    const bool sent = control.publish(identity.subjects.bridge(identity.id), *bytes);
    if (!sent) unsent(BridgeMessage::kBeat);  // the next one is due before the lease is over
    control.flush();
  }

  void perform(const SendReceipt& send) {
    schemas::BridgeReceipt receipt = send.receipt;
    const Nanos took = loop.now() - send.read_at;
    receipt.latched_in_us = static_cast<std::uint64_t>(took / 1000);
    const auto bytes = schemas::sign_receipt(receipt, identity.own_key);
    if (!bytes) return unwritable("receipt", bytes.error());
    if (!agents.publish(identity.subjects.receipt(identity.id), *bytes)) {
      unsent(BridgeMessage::kReceipt);
      return handle([&](Nanos now, Effects& out) { core.on_receipt_unsent(send, now, out); });
    }
    agents.flush();
    if (receipt.kind == schemas::RecordKind::kKill) {
      metrics.kill_latched(static_cast<double>(loop.now() - send.read_at) / 1e9);
    }
  }

  void perform(const TellLatched& tell) {
    const std::string text =
        fmt::format(R"({{"stage":"latched","op_id":"{}","bridge":"{}","forwarded_before":{}}})",
                    tell.op_id, identity.id.text(), tell.forwarded_before);
    const bool sent = control.publish(identity.subjects.latched(tell.actor, identity.id), text);
    if (!sent) unsent(BridgeMessage::kLatched);
  }

  void perform(const JoinGroup&) {
    arrival.forget();
    static const auto kGroup = *schemas::Segment::parse("bridge");
    intents = agents.queue_subscribe(identity.subjects.intents(), kGroup,
                                     [this](const MessageView& m) { on_intent(m); });
    agents.flush();
  }

  void perform(const LeaveGroup&) {
    if (intents) agents.unsubscribe(*intents);
    intents.reset();
    agents.flush();
    // The lease may have been over for a tick, and the next look is a tick late.
    const Nanos late = 2 * std::chrono::nanoseconds(tick).count();
    arrival.expect(loop.now() + arrival_time - late);
  }

  void perform(const Replay& range) {
    reader = std::make_unique<LogReader>(
        control, identity.subjects.read(identity.id), range.from, range.to,
        LogReader::Events{
            [this](std::string_view frame) {
              handle([&](Nanos now, Effects& out) { core.on_replayed(frame, now, out); });
            },
            [this] { handle([&](Nanos now, Effects& out) { core.on_replay_done(now, out); }); },
            [this](const std::string& reason) {
              handle([&](Nanos now, Effects& out) { core.on_replay_failed(reason, now, out); });
            }});
  }

  void perform(const AbandonReplay&) { reader.reset(); }

  // The same line is logged once a minute, with the count of the others.
  void unsent(BridgeMessage what) {
    metrics.unsent(what);
    daemon::log_warn("not-sent", {{"what", name(what)},
                                  {"agents_connected", agents.is_connected()},
                                  {"control_connected", control.is_connected()}});
  }

  // Control would not read it: nothing is sent, and its lease or fence waits for what is missing.
  static void unwritable(std::string_view what, const schemas::Error& error) {
    daemon::log_error("alarm",
                      {{"text", fmt::format("no {} was sent: {}", what, to_string(error))}});
  }

  void perform(const Note& note) {
    switch (note.level) {
      case Note::Level::kInfo:
        return daemon::log_info("bridge", {{"text", note.text}});
      case Note::Level::kWarning:
        return daemon::log_warn("bridge", {{"text", note.text}});
      case Note::Level::kAlarm:
        return daemon::log_error("alarm", {{"text", note.text}});
    }
  }
};

BridgeShell::BridgeShell(nats::Loop& loop, const BridgeConfig& config, BridgeIdentity identity,
                         BridgeMetrics& metrics, Events events)
    : state_(
          std::make_unique<State>(loop, config, std::move(identity), metrics, std::move(events))) {}

BridgeShell::~BridgeShell() {
  state_->timer.cancel();
  state_->settle_timer.cancel();
  state_->reader.reset();
  state_->agents.close();
  state_->control.close();
}

schemas::Result<void> BridgeShell::start() {
  return state_->start();
}
void BridgeShell::leave() {
  state_->leave();
}
BridgeStatus BridgeShell::status() const {
  return state_->core.status(state_->loop.now());
}

}  // namespace estop::bridge
