// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/bridge.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "broker-bridge/app/log_reader.h"
#include "schemas/codec.h"

namespace estop::sim {

using bridge::Account;
using bridge::Effects;
using bridge::IntentOutcome;
using nats::Connection;
using nats::MessageView;

namespace {

constexpr Nanos kReplayRetry = 250 * kMs;
constexpr Nanos kDrain = 50 * kMs;
constexpr Nanos kLookedIntoMost = 8 * kSecond;

}  // namespace

struct BridgeProcess::Life {
  SimLoop loop;
  bridge::BridgeCore core;
  Connection agents;
  Connection control;
  std::unique_ptr<bridge::LogReader> reader;
  std::optional<Connection::SubscriptionId> intents;

  Life(BridgeProcess& process, const schemas::Segment& id)
      : loop{process, process.broker_},
        core(options(process, id)),
        agents(loop, as(process, "bridge-" + id.text() + "-agents"),
               process.settings_.subjects.own_inbox(id), watch(process, Account::kAgents)),
        control(loop, as(process, "bridge-" + id.text() + "-control"),
                process.settings_.subjects.own_inbox(id), watch(process, Account::kControl)) {}

  static bridge::BridgeOptions options(BridgeProcess& process, const schemas::Segment& id) {
    const BridgeSettings& settings = process.settings_;
    bridge::BridgeOptions made;
    made.id = id;
    made.own_key = process.own_key_.public_key();
    made.control_key = settings.control_key;
    made.operators_key = settings.operators_key;
    made.beat = settings.beat;
    made.lease = settings.lease;
    made.arrival = settings.unconfirmed_max;
    made.replay_retry = kReplayRetry;
    made.process = schemas::process_from(process.ground().random.next());
    made.first_nonce = process.ground().random.next() | 1;
    made.gate.hash_seed = process.ground().random.next();
    return made;
  }

  static nats::ConnectOptions as(const BridgeProcess& process, std::string user) {
    nats::ConnectOptions options;
    options.creds_file = std::move(user);
    options.unconfirmed_max = nats::Millis(process.settings_.unconfirmed_max / kMs);
    return options;
  }

  static nats::ConnectionEvents watch(BridgeProcess& process, Account account) {
    nats::ConnectionEvents told;
    told.connected = [&process, account] {
      process.handle([&](bridge::BridgeCore& core, Nanos now, Effects& out) {
        core.on_connected(account, now, out);
      });
    };
    told.disconnected = [&process, account](const std::string&) {
      process.handle([&](bridge::BridgeCore& core, Nanos now, Effects& out) {
        core.on_disconnected(account, now, out);
      });
    };
    return told;
  }
};

BridgeProcess::BridgeProcess(Ground& ground, Broker& broker, Observer& observer,
                             BridgeSettings settings)
    : Process(ground, "bridge " + settings.id),
      broker_(broker),
      observer_(observer),
      settings_(std::move(settings)),
      own_key_(schemas::SigningKey::from_bytes(schemas::KeyRole::kUser, settings_.own_seed)) {}

BridgeProcess::~BridgeProcess() = default;

const bridge::BridgeCore* BridgeProcess::core() const {
  return life_ == nullptr ? nullptr : &life_->core;
}

void BridgeProcess::begin() {
  life_ = std::make_unique<Life>(*this, *schemas::Segment::parse(settings_.id));
  observer_.bridge_began(settings_.id);
  const auto& subjects = settings_.subjects;
  life_->control.subscribe(subjects.log(), [this](const MessageView& m) { on_log(m); });
  life_->control.subscribe(subjects.emergencies(),
                           [this](const MessageView& m) { on_emergency(m); });
  life_->control.subscribe(subjects.lease(), [this](const MessageView& m) { on_lease(m); });
  (void)life_->control.connect(true);
  (void)life_->agents.connect(true);
  arm_timer();
}

void BridgeProcess::end() {
  life_.reset();
}

void BridgeProcess::flush() {
  life_->control.flush();
  life_->agents.flush();
}

void BridgeProcess::leave(Nanos down_for) {
  after(0, [this, down_for] {
    handle([](bridge::BridgeCore& core, Nanos now, Effects& out) { core.on_leave(now, out); });
    after(kDrain, [this, down_for] { die(down_for); });
  });
}

void BridgeProcess::arm_timer() {
  after(std::clamp(settings_.beat / 10, 2 * kMs, 50 * kMs), [this] {
    handle([](bridge::BridgeCore& core, Nanos now, Effects& out) { core.on_tick(now, out); });
    arm_timer();
  });
}

// --- Events into the core ---

template <class Event>
void BridgeProcess::handle(Event&& event) {
  Effects effects;
  event(life_->core, boot_now(), effects);
  observer_.bridge_looked_at(settings_.id, life_->core, effects);
  for (const bridge::Effect& effect : effects) {
    at_risk();
    std::visit([this](const auto& one) { perform(one); }, effect);
  }
}

void BridgeProcess::on_log(const MessageView& message) {
  observer_.log_delivered(settings_.id, message.data);
  handle([&](bridge::BridgeCore& core, Nanos now, Effects& out) {
    core.on_log(message.data, now, out);
  });
  handle([](bridge::BridgeCore& core, Nanos now, Effects& out) { core.settle(now, out); });
}

void BridgeProcess::on_emergency(const MessageView& message) {
  const auto actor = settings_.subjects.parse_emergency(message.subject);
  if (!actor) return;
  observer_.emergency_delivered(settings_.id, *actor, message.data);
  handle([&](bridge::BridgeCore& core, Nanos now, Effects& out) {
    core.on_emergency(*actor, message.data, now, out);
  });
  handle([](bridge::BridgeCore& core, Nanos now, Effects& out) { core.settle(now, out); });
}

void BridgeProcess::on_lease(const MessageView& message) {
  observer_.lease_delivered(settings_.id, message.data);
  handle([&](bridge::BridgeCore& core, Nanos now, Effects& out) {
    core.on_lease(message.data, now, out);
  });
}

void BridgeProcess::on_intent(const MessageView& message) {
  at_risk();
  const IntentOutcome& outcome = life_->core.on_intent(message.subject, message.data, boot_now());
  switch (outcome.action) {
    case IntentOutcome::Action::kForward:
      observer_.forwarded(settings_.id, message, outcome.subject, boot_now());
      if (life_->agents.publish_built(outcome.subject, message.data)) {
        return life_->core.forwarded();
      }
      return refuse(message, life_->core.not_forwarded(message.subject, message.data));
    case IntentOutcome::Action::kRefuse:
      return refuse(message, outcome);
    case IntentOutcome::Action::kIgnore:
      return;
  }
}

void BridgeProcess::refuse(const MessageView& message, const IntentOutcome& outcome) {
  observer_.refused(settings_.id, message, outcome);
  (void)life_->agents.publish_built(
      outcome.subject, {}, {{"Estop-Error", std::to_string(static_cast<unsigned>(outcome.code))}});
}

// --- Effects ---

void BridgeProcess::perform(const bridge::SendBeat& send) {
  observer_.beat_sent(settings_.id, send.beat.nonce, boot_now());
  (void)life_->control.publish(settings_.subjects.bridge(*schemas::Segment::parse(settings_.id)),
                               encode(send.beat).value());
  life_->control.flush();
}

void BridgeProcess::perform(const bridge::SendReceipt& send) {
  observer_.receipt_sent(settings_.id, send.receipt);
  if (!life_->agents.publish(settings_.subjects.receipt(*schemas::Segment::parse(settings_.id)),
                             schemas::sign_receipt(send.receipt, own_key_).value())) {
    return handle([&](bridge::BridgeCore& core, Nanos now, Effects& out) {
      core.on_receipt_unsent(send, now, out);
    });
  }
  life_->agents.flush();
}

void BridgeProcess::perform(const bridge::TellLatched& tell) {
  const auto self = *schemas::Segment::parse(settings_.id);
  (void)life_->control.publish(settings_.subjects.latched(tell.actor, self), tell.op_id);
}

void BridgeProcess::perform(const bridge::JoinGroup&) {
  static const auto kGroup = *schemas::Segment::parse("bridge");
  life_->intents = life_->agents.queue_subscribe(settings_.subjects.intents(), kGroup,
                                                 [this](const MessageView& m) { on_intent(m); });
  life_->agents.flush();
}

void BridgeProcess::perform(const bridge::LeaveGroup&) {
  if (life_->intents) life_->agents.unsubscribe(*life_->intents);
  life_->intents.reset();
  life_->agents.flush();
}

void BridgeProcess::perform(const bridge::Replay& range) {
  const auto read = [this](std::string_view frame) {
    handle([&](bridge::BridgeCore& core, Nanos now, Effects& out) {
      core.on_replayed(frame, now, out);
    });
  };
  const auto done = [this] {
    handle(
        [](bridge::BridgeCore& core, Nanos now, Effects& out) { core.on_replay_done(now, out); });
  };
  const auto failed = [this](const std::string& reason) {
    handle([&](bridge::BridgeCore& core, Nanos now, Effects& out) {
      core.on_replay_failed(reason, now, out);
    });
  };
  life_->reader = std::make_unique<bridge::LogReader>(
      life_->control, settings_.subjects.read(*schemas::Segment::parse(settings_.id)), range.from,
      range.to, bridge::LogReader::Events{read, done, failed});
}

void BridgeProcess::perform(const bridge::AbandonReplay&) {
  life_->reader.reset();
}

void BridgeProcess::perform(const bridge::Note& note) {
  ground().trace.note(ground().timeline.now(), note.text,
                      [&] { return fmt::format("{}: {}", name(), note.text); });
  // Somebody looks into it and starts the bridge anew.
  if (!note.text.starts_with("closed for good")) return;
  ground().count("bridge closed for good");
  after(ground().random.between(kSecond, kLookedIntoMost), [this] { die(kDrain); });
}

}  // namespace estop::sim
