// SPDX-License-Identifier: Apache-2.0
#include "control/app/control_shell.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>
#include <variant>

#include "broker-bridge/daemon/log.h"
#include "broker-bridge/daemon/random.h"
#include "broker-bridge/nats/connection.h"
#include "broker-bridge/nats/jetstream.h"
#include "control/app/agent_desk.h"
#include "control/app/broker_links.h"
#include "control/app/claims_writer.h"
#include "control/app/client_watch.h"
#include "control/app/heard.h"
#include "control/app/log_desk.h"
#include "control/app/now.h"
#include "control/app/options.h"
#include "control/app/outbox.h"
#include "control/app/recorder_desk.h"
#include "control/app/stream_desk.h"
#include "control/core/questions/answers.h"
#include "schemas/codec.h"
#include "schemas/order.h"

namespace estop::control {

namespace {

constexpr std::chrono::milliseconds kProofWait{3};  // proofs are checked when the fence is known

}  // namespace

struct ControlShell::State : std::enable_shared_from_this<State> {
  nats::Loop& loop;
  schemas::Subjects subjects;
  schemas::PublicKey operators_key;
  ControlMetrics& metrics;
  Failed failed;
  ControlCore core;
  BrokerLinks links;
  Outbox control_out;
  Outbox log_out;
  Outbox agents_out;
  nats::JetStream stream;
  StreamDesk log_stream;
  LogDesk log_desk;
  AgentDesk agents;
  nats::Loop::Timer timer;
  std::map<std::uint64_t, nats::Loop::Timer> waiting;  // of in()
  std::uint64_t waits = 0;
  ClaimsWriter claims;
  std::optional<ClientWatch> clients;  // where SYS can be asked
  RecorderDesk desk;  // destroyed first: what it still answers finds everything in place

  State(nats::Loop& on, const ControlConfig& config, ControlIdentity who,
        std::unique_ptr<Recorder> recorder, ControlMetrics& shown, Failed told)
      : loop(on),
        subjects(who.subjects),
        operators_key(who.operators_key),
        metrics(shown),
        failed(std::move(told)),
        core(core_options(config, who, schemas::process_from(daemon::random_number()),
                          now().boot_us),
             std::move(who.log_key)),
        links(on, config, who,
              {[this](bool up) { handle(LinkChanged{up}); }, [this] { on_sys(); },
               [this](const std::string& cause) { failed(false, cause); }}),
        control_out(on, links.control, shown),
        log_out(on, links.log, shown),
        agents_out(on, links.agents, shown),
        stream(links.log, subjects),
        log_stream(stream, log_out, subjects, [this](const Event& event) { handle(event); }),
        log_desk(links.control, stream, subjects,
                 [this](const schemas::Subject& to, std::string_view bytes) {
                   return control_out.send(Unsent::kLogRead, to, bytes);
                 }),
        agents(on, links.service, subjects, shown, config.agent_beat_ms,
               {[this](const Heard& heard) { hear(heard); },
                [this](const schemas::Address& address) {
                  return core.ledger().latches().narrowest(address, {}) != nullptr;
                }}),
        claims(on, {.data = config.data}, links.sys ? &*links.sys : nullptr, subjects,
               [this](const Event& event) { handle(event); }),
        desk(on, std::move(recorder), [this](const Event& event) { recorded(event); }) {
    if (!links.sys) return;
    clients.emplace(on, *links.sys, subjects, ClientWatch::Options{std::move(who.accounts)},
                    [this](const Event& event) { handle(event); });
  }

  // Sorts by time like a UUIDv7, and fits a subject and a record. Unique, but no secret.
  std::string fresh_id() {
    return fmt::format("{:012x}{:016x}", loop.wall_ms(), daemon::random_number());
  }

  // --- Events into the core ---

  [[nodiscard]] Now now() const { return now_on(loop); }
  void handle(const Event& event) { perform(core.handle(event, now())); }

  void recorded(const Event& event) {
    if (const auto* answer = std::get_if<StoreAnswered>(&event)) {
      agents.ended(*answer, now().boot_us);
    }
    handle(event);
  }

  void hear(const Heard& heard) {
    if (!heard) return metrics.bad_frame();
    handle(*heard);
  }

  void on_sys() {
    claims.look();
    clients->begin();
  }

  // Later on the loop, behind what waits there already.
  void later(std::function<Event()> make) {
    loop.post([weak = weak_from_this(), make = std::move(make)] {
      if (const auto self = weak.lock()) self->handle(make());
    });
  }

  void in(std::chrono::microseconds time, std::function<Event()> make) {
    const auto number = ++waits;
    waiting[number] = loop.after(time, [this, number, make = std::move(make)] {
      waiting.erase(number);
      handle(make());
    });
  }

  schemas::Result<void> start() {
    auto log = desk.recorder().load_log();
    if (!log) return tl::make_unexpected(std::move(log.error()));
    auto known = desk.recorder().load_agents();
    if (!known) return tl::make_unexpected(std::move(known.error()));
    listen(
        links.control, links.agents, subjects, [this] { return fresh_id(); },
        [this](const Heard& heard) { hear(heard); });
    log_desk.listen();
    agents.listen();
    if (auto started = claims.start(); !started) return started;
    if (auto connected = links.connect(); !connected) return connected;
    perform(core.start(std::move(*log), *known, fresh_id(), now()));
    arm_timer();
    return {};
  }

  void arm_timer() {
    timer = loop.after(std::chrono::milliseconds(kTick_ms), [this] {
      agents.tick(now().boot_us);
      handle(Tick{desk.recorder().healthy(), links.service.is_connected()});
      arm_timer();
    });
  }

  // --- Effects ---

  void perform(const Effects& effects) {
    for (const Effect& effect : effects) {
      std::visit([this](const auto& one) { perform(one); }, effect);
    }
  }

  // What the recorder is for goes to its desk.
  template <class AtTheRecorder>
  void perform(const AtTheRecorder& effect) {
    desk.perform(effect);
  }

  void perform(const PublishRecord& effect) { log_stream.perform(effect); }
  void perform(const ReadStream& effect) { log_stream.perform(effect); }
  void perform(const PurgeStream& effect) { log_stream.perform(effect); }

  void perform(const PublishToAgents& effect) {
    if (effect.first) {
      (void)agents_out.send(Unsent::kOrder, subjects.control_of(*effect.first), effect.frame);
    }
    (void)agents_out.send(Unsent::kOrder, subjects.control_all(), effect.frame);
  }

  void perform(const Flush&) {
    links.log.flush();
    links.control.flush();
    links.agents.flush();
  }

  void perform(const PublishLease& effect) {
    (void)control_out.send(Unsent::kLease, subjects.lease(), effect.frame);
  }

  void perform(const Answer& effect) { control_out.answer(effect.reply, effect.json); }
  void perform(const ReplyToAgent& effect) { agents.perform(effect); }

  void perform(const Store& effect) {
    agents.began(effect);
    desk.perform(effect);
  }

  void perform(const CheckBridgeReceipt& effect) {
    later([effect] {
      return BridgeReceiptChecked{effect.bridge, effect.receipt,
                                  schemas::verify_receipt(effect.bytes, effect.key)};
    });
  }

  void perform(const CheckStopped& effect) {
    later([effect] {
      return StoppedChecked{effect.address, effect.instance, effect.receipt,
                            schemas::verify_stopped(effect.bytes, effect.key)};
    });
  }

  void perform(const WriteSoon& effect) {
    in(std::chrono::microseconds(effect.in_us), [op_id = effect.op_id] { return WriteDue{op_id}; });
  }

  void perform(const CheckOrder& effect) {
    in(kProofWait, [this, order = effect.order] {
      return OrderChecked{order, schemas::verify_order(order, operators_key, subjects)};
    });
  }

  void perform(const PublishEvent& effect) {
    (void)control_out.send(Unsent::kEvent, subjects.event(effect.kind), event_json(effect));
  }

  void perform(const RevokeCredentials& effect) { claims.perform(effect); }
  void perform(const LiftBar& effect) { claims.perform(effect); }

  void perform(const OrderTimed& effect) {
    metrics.timed(effect.stage, static_cast<double>(effect.us) / 1e6);
  }

  void perform(const Alarm& effect) {
    daemon::log_error("alarm", {{"kind", effect.kind}, {"text", effect.detail}});
  }

  void perform(const Stop& effect) { failed(true, effect.reason); }
};

ControlShell::ControlShell(nats::Loop& loop, const ControlConfig& config, ControlIdentity identity,
                           std::unique_ptr<Recorder> recorder, ControlMetrics& metrics,
                           Failed failed)
    : state_(std::make_shared<State>(loop, config, std::move(identity), std::move(recorder),
                                     metrics, std::move(failed))) {}

ControlShell::~ControlShell() {
  state_->timer.cancel();
  state_->links.close();
}

schemas::Result<void> ControlShell::start() {
  return state_->start();
}

void ControlShell::leave() {
  const AuditEntry last = audit_line(now(), "control-stopped", "control");
  state_->desk.recorder().audit(last, Urgency::kFirst, [](const auto&) {});
}

Now ControlShell::now() const {
  return state_->now();
}
bool ControlShell::is_connected() const {
  return state_->links.control.is_connected() && state_->links.agents.is_connected();
}
const ControlCore& ControlShell::core() const {
  return state_->core;
}
const Recorder& ControlShell::recorder() const {
  return state_->desk.recorder();
}

}  // namespace estop::control
