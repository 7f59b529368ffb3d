// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/app/bridge_shell.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "broker-bridge/app/bridge_metrics.h"
#include "broker-bridge/app/intents.h"
#include "broker-bridge/app/log_reader.h"
#include "broker-bridge/app/options.h"
#include "broker-bridge/app/outbox.h"
#include "broker-bridge/core/bridge_core.h"
#include "broker-bridge/daemon/log.h"
#include "broker-bridge/nats/connection.h"

namespace estop::bridge {

using nats::Connection;
using nats::MessageView;

namespace {

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
  Outbox outbox;
  Intents intents;
  std::unique_ptr<LogReader> reader;
  Nanos leaving_until = 0;  // 0: not leaving

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
        arrival_time(bridge::arrival_time(config)),
        outbox(loop, identity, agents, control, metrics),
        intents(loop, identity.subjects, core, agents, control, outbox, metrics) {}

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
    const schemas::Subjects& to = identity.subjects;
    for (const auto& pattern : {to.emergencies(), to.reaching_emergencies()}) {
      control.subscribe(pattern, [this](const MessageView& m) { on_emergency(m); });
    }
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
    const auto from = identity.subjects.parse_emergency(message.subject);
    if (!from) return;
    handle([&](Nanos now, Effects& out) { core.on_emergency(*from, message.data, now, out); });
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
      intents.look_at_arrival();
      if (leaving_until != 0 && has_drained()) return events.left();
      arm_timer();
    });
  }

  void leave() {
    if (leaving_until != 0) return;
    leaving_until = loop.now() + kDrainMax;
    handle([&](Nanos now, Effects& out) { core.on_leave(now, out); });
  }

  [[nodiscard]] bool has_drained() const {
    return loop.now() >= leaving_until || agents.buffered_bytes() + control.buffered_bytes() == 0;
  }

  // --- Effects ---

  void perform(const Effects& effects) {
    for (const Effect& effect : effects) {
      std::visit([this](const auto& one) { perform(one); }, effect);
    }
  }

  void perform(const SendBeat& send) { outbox.send(send.beat); }

  void perform(const SendReceipt& send) {
    if (outbox.send(send)) return;
    handle([&](Nanos now, Effects& out) { core.on_receipt_unsent(send, now, out); });
  }

  void perform(const TellLatched& tell) { outbox.send(tell); }

  void perform(const JoinGroup&) { intents.join(); }

  void perform(const LeaveGroup&) {
    // The lease may have been over for a tick, and the next look is a tick late.
    const Nanos late = 2 * std::chrono::nanoseconds(tick).count();
    intents.leave(loop.now() + arrival_time - late);
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
