// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/control.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "schemas/codec.h"
#include "schemas/order.h"

namespace estop::sim {

using control::Event;
using control::Now;
using nats::Connection;
using nats::MessageView;

namespace {

constexpr nats::Millis kAppendPatience{1'000};
constexpr Nanos kProofWait = 3 * kMs;

schemas::Segment own_name() {
  return *schemas::Segment::parse("control");
}

nats::ConnectOptions as(const char* user) {
  nats::ConnectOptions options;
  options.creds_file = user;
  return options;
}

}  // namespace

struct ControlProcess::Life {
  SimLoop loop;
  control::ControlCore core;
  Connection control;
  Connection agents;
  nats::JetStream stream;
  control::StreamReader reader;
  control::LogDesk log_desk;
  Recorder desk;

  Life(ControlProcess& process, const ControlSettings& settings, control::CoreOptions options)
      : loop{process, process.broker_},
        core(std::move(options),
             schemas::SigningKey::from_bytes(schemas::KeyRole::kUser, settings.log_seed)),
        control(loop, as("control-control"), settings.subjects.own_inbox(own_name()),
                watch(process)),
        agents(loop, as("control-agents"), settings.subjects.own_inbox(own_name()), {}),
        stream(control, settings.subjects),
        reader(stream),
        log_desk(control, stream, settings.subjects,
                 [this](const schemas::Subject& to, std::string_view bytes) {
                   return control.publish(to, bytes);
                 }),
        desk(process, process.disk_, [&process](const Event& event) { process.handle(event); }) {}

  static nats::ConnectionEvents watch(ControlProcess& process) {
    nats::ConnectionEvents told;
    told.connected = [&process] { process.handle(control::LinkChanged{true}); };
    told.disconnected = [&process](const std::string&) {
      process.handle(control::LinkChanged{false});
    };
    return told;
  }
};

ControlProcess::ControlProcess(Ground& ground, Broker& broker, Disk& disk, Observer& observer,
                               ControlSettings settings)
    : Process(ground, "control"),
      broker_(broker),
      disk_(disk),
      observer_(observer),
      settings_(std::move(settings)) {}

ControlProcess::~ControlProcess() = default;

bool ControlProcess::is_leading() const {
  return life_ != nullptr && life_->core.ledger().is_leading();
}

Now ControlProcess::now() const {
  return {static_cast<std::uint64_t>(boot_now() / kUs), wall_ms()};
}

std::string ControlProcess::fresh_id() {
  return fmt::format("made-{}", ++ids_);
}

void ControlProcess::begin() {
  control::CoreOptions options = settings_.core;
  options.roster.start_us = now().boot_us;
  options.process = schemas::process_from(ground().random.next());
  life_ = std::make_unique<Life>(*this, settings_, std::move(options));
  observer_.control_began();
  std::vector<schemas::SignedRecord> records;
  for (const auto& [seq, record] : disk_.records) records.push_back(record);
  std::vector<control::StoredAgent> known;
  for (const auto& [name, agent] : disk_.agents) known.push_back(agent);
  listen();
  (void)life_->control.connect(true);
  (void)life_->agents.connect(true);
  perform(life_->core.start(std::move(records), known, fresh_id(), now()));
  arm_timer();
}

void ControlProcess::end() {
  life_.reset();
}

void ControlProcess::flush() {
  life_->control.flush();
  life_->agents.flush();
}

void ControlProcess::listen() {
  const auto& subjects = settings_.subjects;
  life_->control.subscribe(subjects.emergencies(), [this](const MessageView& m) {
    hear(control::heard_emergency(settings_.subjects, m));
  });
  life_->control.subscribe(subjects.commands(), [this](const MessageView& m) {
    hear(control::heard_command(settings_.subjects, m, fresh_id()));
  });
  const auto on = [this](Connection& connection, const schemas::Subject& pattern,
                         control::Heard (*decode)(const schemas::Subjects&, const MessageView&)) {
    connection.subscribe(
        pattern, [this, decode](const MessageView& m) { hear(decode(settings_.subjects, m)); });
  };
  on(life_->agents, subjects.receipts(), control::heard_receipt);
  on(life_->control, subjects.bridges(), control::heard_bridge_beat);
  life_->log_desk.listen();
  on(life_->agents, subjects.stoppeds(), control::heard_stopped);
  on(life_->agents, subjects.hellos(), control::heard_hello);
  on(life_->agents, subjects.beats(), control::heard_beat);
  on(life_->agents, subjects.checkpoints(), control::heard_store);
}

void ControlProcess::arm_timer() {
  after(control::kTick_ms * kMs, [this] {
    handle(control::Tick{life_->desk.healthy()});
    arm_timer();
  });
}

void ControlProcess::hear(const control::Heard& heard) {
  if (heard) handle(*heard);
}

void ControlProcess::handle(const Event& event) {
  perform(life_->core.handle(event, now()));
}

// --- Effects ---

void ControlProcess::perform(const control::Effects& effects) {
  for (const control::Effect& effect : effects) {
    at_risk();
    std::visit([this](const auto& one) { perform(one); }, effect);
  }
}

void ControlProcess::perform(const control::PublishRecord& effect) {
  observer_.record_published(effect.frame);
  const auto& log = settings_.subjects.log();
  if (effect.seq == 0) {
    (void)life_->control.publish(log, effect.frame, {{"Nats-Expected-Stream", "NONE"}});
    return;
  }
  life_->stream.append(effect.frame, effect.seq - 1, kAppendPatience,
                       [this, seq = effect.seq](const schemas::Result<std::uint64_t>& place) {
                         schemas::Result<void> result;
                         if (!place) result = tl::make_unexpected(place.error());
                         if (place && *place != seq)
                           result = schemas::fail(schemas::Errc::kLogConflict);
                         handle(control::AppendAnswered{seq, std::move(result)});
                       });
}

void ControlProcess::perform(const control::ReadStream& effect) {
  life_->reader.read(effect.from_seq, [this](const control::StreamRead& read) { handle(read); });
}

void ControlProcess::perform(const control::PublishToAgents& effect) {
  const auto& subjects = settings_.subjects;
  if (effect.first) (void)life_->agents.publish(subjects.control_of(*effect.first), effect.frame);
  (void)life_->agents.publish(subjects.control_all(), effect.frame);
}

void ControlProcess::perform(const control::Flush&) {
  flush();
}

void ControlProcess::perform(const control::PublishLease& effect) {
  observer_.lease_signed(effect.frame);
  (void)life_->control.publish(settings_.subjects.lease(), effect.frame);
}

void ControlProcess::perform(const control::WriteAudit& effect) {
  observer_.audited(effect.entry);
  life_->desk.perform(effect);
}

void ControlProcess::perform(const control::Answer& effect) {
  if (effect.reply.subject.empty()) return;
  (void)life_->control.publish(effect.reply.subject,
                               schemas::from_json(effect.json, effect.reply.form));
}

void ControlProcess::perform(const control::ReplyToAgent& effect) {
  if (effect.reply.subject.empty()) return;
  observer_.agent_answered(effect.reply.subject.str());
  (void)life_->agents.publish(effect.reply.subject, effect.bytes);
}

void ControlProcess::perform(const control::CheckBridgeReceipt& effect) {
  after(0, [this, effect] {
    handle(control::BridgeReceiptChecked{effect.bridge, effect.receipt,
                                         schemas::verify_receipt(effect.bytes, effect.key)});
  });
}

void ControlProcess::perform(const control::CheckStopped& effect) {
  after(0, [this, effect] {
    handle(control::StoppedChecked{effect.address, effect.instance, effect.receipt,
                                   schemas::verify_stopped(effect.bytes, effect.key)});
  });
}

void ControlProcess::perform(const control::StoreRecord& effect) {
  life_->desk.perform(effect);
}
void ControlProcess::perform(const control::PutAgent& effect) {
  life_->desk.perform(effect);
}
void ControlProcess::perform(const control::ListCheckpoints& effect) {
  life_->desk.perform(effect);
}
void ControlProcess::perform(const control::Store& effect) {
  life_->desk.perform(effect);
}

void ControlProcess::perform(const control::WriteSoon& effect) {
  after(static_cast<Nanos>(effect.in_us) * kUs,
        [this, op_id = effect.op_id] { handle(control::WriteDue{op_id}); });
}

void ControlProcess::perform(const control::CheckOrder& effect) {
  after(kProofWait, [this, order = effect.order] {
    const auto& key = settings_.core.operators_key;
    handle(control::OrderChecked{order, schemas::verify_order(order, key, settings_.subjects)});
  });
}

void ControlProcess::perform(const control::Alarm& effect) {
  observer_.alarmed(effect);
  ground().trace.note(ground().timeline.now(), effect.kind, [&] {
    return fmt::format("control alarms {}: {}", effect.kind, effect.detail);
  });
}

// The process ends with 75 and is started again.
void ControlProcess::perform(const control::Stop& effect) {
  ground().trace.note(ground().timeline.now(), effect.reason,
                      [&] { return "control stops: " + effect.reason; });
  throw Crashed{};
}

}  // namespace estop::sim
