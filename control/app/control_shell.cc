// SPDX-License-Identifier: Apache-2.0
#include "control/app/control_shell.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <variant>

#include "broker-bridge/daemon/log.h"
#include "broker-bridge/daemon/random.h"
#include "control/app/agent_desk.h"
#include "control/app/broker_desk.h"
#include "control/app/broker_links.h"
#include "control/app/claims_writer.h"
#include "control/app/client_watch.h"
#include "control/app/heard.h"
#include "control/app/later.h"
#include "control/app/now.h"
#include "control/app/options.h"
#include "control/app/recorder_desk.h"
#include "control/json/replies.h"

namespace estop::control {

struct ControlShell::State {
  nats::Loop& loop;
  schemas::Subjects subjects;
  ControlMetrics& metrics;
  Failed failed;
  ControlCore core;
  BrokerLinks links;
  AgentDesk agents;
  BrokerDesk broker;
  nats::Loop::Timer timer;
  Later later;
  ClaimsWriter claims;
  std::optional<ClientWatch> clients;  // where SYS can be asked
  RecorderDesk desk;  // destroyed first: what it still answers finds everything in place

  State(nats::Loop& on, const ControlConfig& config, ControlIdentity who,
        std::unique_ptr<Recorder> recorder, ControlMetrics& shown, Failed told)
      : loop(on),
        subjects(who.subjects),
        metrics(shown),
        failed(std::move(told)),
        core(core_options(config, who, schemas::process_from(daemon::random_number()),
                          now().boot_us),
             std::move(who.log_key)),
        links(on, config, who,
              {[this](bool up) { handle(LinkChanged{up}); }, [this] { on_sys(); },
               [this](const std::string& cause) { failed(false, cause); }}),
        agents(on, links.service, subjects, shown, config.agent_beat_ms,
               {[this](const Heard& heard) { hear(heard); },
                [this](const schemas::Address& address) {
                  return core.ledger().latches().narrowest(address, {}) != nullptr;
                }}),
        broker(on, links, agents, subjects, shown, [this](const Event& event) { handle(event); }),
        later(on, subjects, who.operators_key, [this](const Event& event) { handle(event); }),
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

  schemas::Result<void> start() {
    auto log = desk.recorder().load_log();
    if (!log) return tl::make_unexpected(std::move(log.error()));
    auto known = desk.recorder().load_agents();
    if (!known) return tl::make_unexpected(std::move(known.error()));
    listen(
        links.control, links.agents, subjects, [this] { return fresh_id(); },
        [this](const Heard& heard) { hear(heard); });
    broker.listen();
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

  void perform(const BrokerAction& action) { broker.perform(action); }
  void perform(const AccessAction& action) { claims.perform(action); }
  void perform(const RecorderAction& action) {
    if (std::holds_alternative<Store>(action)) agents.began();
    desk.perform(action);
  }
  void perform(const OwnAction& action) {
    std::visit(
        [this](const auto& one) {
          if constexpr (requires { later.perform(one); }) {
            later.perform(one);
          } else {
            perform(one);
          }
        },
        action);
  }

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
  const AuditEntry last = entry_of(audit_line(now(), "control-stopped", "control"));
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
