// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/agent.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "schemas/codec.h"
#include "tests/sim/agent_life.h"

namespace estop::sim {

using agent::BootTime;
using nats::MessageView;

namespace {

constexpr nats::Millis kPatience{2'000};
constexpr Nanos kCallbackMost = 50 * kMs;

nats::ConnectOptions as(const schemas::Address& address) {
  nats::ConnectOptions options;
  options.creds_file = "agent-" + address.tokens();
  return options;
}

agent::ObedienceConfig config(const schemas::Address& address, const schemas::Instance& instance,
                              Random& random) {
  agent::ObedienceConfig made;
  made.address = address;
  made.instance = instance;
  made.hello_jitter = BootTime{random.between(0, 100 * kMs)};
  return made;
}

}  // namespace

AgentProcess::Life::Life(AgentProcess& process, nats::ConnectionEvents told)
    : loop{process, process.broker_},
      connection(loop, as(process.address()),
                 process.settings_.subjects.inbox_of(process.address(), process.instance_),
                 std::move(told)),
      obedience(config(process.address(), process.instance_, process.ground().random)) {}

AgentProcess::AgentProcess(Ground& ground, Broker& broker, Observer& observer,
                           AgentSettings settings, std::size_t number)
    : Process(ground, fmt::format("agent {} {}", settings.address.text(), number)),
      broker_(broker),
      observer_(observer),
      settings_(std::move(settings)),
      number_(number),
      own_key_(schemas::SigningKey::from_bytes(schemas::KeyRole::kUser, settings_.own_seed)) {}

AgentProcess::~AgentProcess() = default;

bool AgentProcess::is_working() const {
  return life_ != nullptr && !life_->stop && boot_now() < life_->lease_until;
}

// A process has an instance name of its own.
void AgentProcess::begin() {
  instance_ = *schemas::Instance::parse(fmt::format("i{:03}x{:05}", number_, life()));
  nats::ConnectionEvents told;
  told.connected = [this] { happen(agent::Connected{}); };
  told.disconnected = [this](const std::string&) { happen(agent::Disconnected{}); };
  life_ = std::make_unique<Life>(*this, std::move(told));
  observer_.agent_began(settings_.address, instance_);
  listen();
  (void)life_->connection.connect();
  work_later();
}

void AgentProcess::end() {
  life_.reset();
}

void AgentProcess::flush() {
  life_->connection.flush();
}

void AgentProcess::listen() {
  const auto& subjects = settings_.subjects;
  const auto hear = [this](const MessageView& view) { on_control(view); };
  life_->connection.subscribe(subjects.control_of(settings_.address), hear);
  life_->connection.subscribe(subjects.control_all(), hear);
  life_->connection.subscribe(subjects.inbox_of(settings_.address, instance_),
                              [this](const MessageView& view) { on_inbox(view); });
}

// --- Session ---

void AgentProcess::happen(agent::Event event) {
  life_->events.push_back(std::move(event));
  if (std::exchange(life_->happening, true)) return;
  while (!life_->events.empty()) {
    const agent::Event next = std::move(life_->events.front());
    life_->events.pop_front();
    for (const auto& effect : life_->obedience.step(next, BootTime{boot_now()})) {
      at_risk();
      std::visit([this](const auto& one) { perform(one); }, effect);
    }
  }
  life_->happening = false;
  wake_later();
}

void AgentProcess::wake_later() {
  const auto due = life_->obedience.next_deadline();
  if (!due || due->count() >= life_->wake_at) return;
  life_->wake_at = due->count();
  after(std::max<Nanos>(due->count() - boot_now(), 0) + kUs, [this, at = life_->wake_at] {
    if (life_->wake_at != at) return;
    life_->wake_at = INT64_MAX;
    happen(agent::Tick{});
  });
}

void AgentProcess::on_control(const MessageView& view) {
  auto record = schemas::open_record(view.data);
  if (!record) {
    return happen(agent::OrderUnreadable{
        record.error(), schemas::is_signed_record(view.data, settings_.control_key)});
  }
  agent::Event event = agent::OrderSeen{record->record};
  life_->seen = std::move(*record);
  happen(std::move(event));
}

void AgentProcess::perform(const agent::RaiseStop& effect) {
  life_->stop = true;
  const agent::Halt& halt = effect.halt;
  ground().trace.note(ground().timeline.now(), name(), [&] {
    return name() + " stops for " + (halt.latch.op_id.empty() ? halt.reason : halt.latch.op_id);
  });
}

void AgentProcess::perform(const agent::LowerStop&) {
  life_->stop = false;
}

void AgentProcess::perform(const agent::CheckOrder& effect) {
  const bool good = life_->seen && schemas::verify_record(*life_->seen, settings_.control_key);
  if (good) observer_.order_verified(instance_, effect.record);
  happen(agent::OrderChecked{effect.record, good});
}

void AgentProcess::perform(const agent::StopWork& effect) {
  if (life_->deliveries) life_->connection.unsubscribe(*std::exchange(life_->deliveries, {}));
  life_->drain = effect.drain;
  life_->draining = life_->running;
  happen(agent::WorkStopped{effect.drain, life_->running.size(), 0});
  after(ground().random.between(0, kCallbackMost),
        [this, drain = effect.drain] { happen(agent::CallbackReturned{drain}); });
}

void AgentProcess::perform(const agent::StartWork& effect) {
  observer_.work_started(settings_.address, instance_, effect.incarnation);
  ground().trace.note(ground().timeline.now(), name(), [&] {
    return fmt::format("{} works in incarnation {}", name(), effect.incarnation);
  });
  life_->stop = false;
  life_->work_life = effect.life;
  life_->incarnation = effect.incarnation;
  static const auto kGroup = *schemas::Segment::parse("agents");
  life_->deliveries =
      life_->connection.queue_subscribe(settings_.subjects.deliveries_to(settings_.address), kGroup,
                                        [this](const MessageView& view) { on_delivery(view); });
}

void AgentProcess::perform(const agent::RenewLease& effect) {
  life_->lease_until = effect.until.count();
}

void AgentProcess::perform(const agent::SendHello& effect) {
  schemas::Hello hello;
  hello.key = own_key_.public_key();
  hello.process = instance_.text();  // each life has another one
  hello.runtime = "sim";
  life_->connection.request(settings_.subjects.hello(settings_.address, instance_),
                            schemas::encode(hello).value(), kPatience,
                            [this, number = effect.number, asked_at = ground().stamp()](
                                const schemas::Result<MessageView>& view) {
                              if (!view) return happen(agent::HelloFailed{view.error()});
                              auto reply = schemas::decode<schemas::HelloReply>(view->data);
                              if (!reply) return happen(agent::HelloFailed{reply.error()});
                              observer_.hello_answered(settings_.address, *reply, asked_at);
                              happen(agent::HelloAnswered{number, std::move(*reply)});
                            });
}

void AgentProcess::perform(const agent::SendBeat& effect) {
  schemas::Beat beat;
  beat.process = instance_.text();
  beat.nonce = effect.nonce;
  beat.incarnation = effect.incarnation;
  beat.stopped = effect.stopped;
  beat.sent = life_->sent;
  observer_.agent_beat_sent(instance_, beat.nonce, boot_now());
  life_->connection.request(settings_.subjects.beat(settings_.address, instance_),
                            schemas::encode(beat).value(), kPatience,
                            [this](const schemas::Result<MessageView>& view) {
                              if (!view) {
                                if (view.error().code == schemas::Errc::kTimeout) {
                                  happen(agent::Unanswered{});
                                }
                                return;
                              }
                              const auto reply = schemas::decode<schemas::BeatReply>(view->data);
                              if (!reply) return;
                              observer_.beat_answered(instance_, *reply, view->subject);
                              happen(agent::BeatAnswered{*reply});
                            });
}

void AgentProcess::perform(const agent::SendReceipt& effect) {
  observer_.agent_receipt(settings_.address, instance_, effect.receipt);
  schemas::StoppedReceipt receipt = effect.receipt;
  receipt.process = instance_.text();
  const bool sent =
      life_->connection.publish(settings_.subjects.stopped(settings_.address, instance_),
                                schemas::sign_stopped(receipt, own_key_).value());
  if (!sent) happen(agent::ReceiptUnsent{});
  life_->connection.flush();
}

void AgentProcess::perform(const agent::PeerKilled& effect) {
  life_->peers.killed(effect.record, BootTime{boot_now()});
}

void AgentProcess::perform(const agent::PeerResumed& effect) {
  life_->peers.resumed(effect.record.resume());
}

void AgentProcess::perform(const agent::KeepCheckpoints& effect) {
  life_->checkpoint = 0;
  for (const auto& one : effect.checkpoints) {
    if (one.key == instance_.text()) life_->checkpoint = one.version;
  }
}

void AgentProcess::perform(const agent::BecomeReady&) {}
void AgentProcess::perform(const agent::EndSession&) {}
void AgentProcess::perform(const agent::Reconnect&) {
  after(0, [this] { life_->connection.abandon("control does not answer"); });
}
void AgentProcess::perform(const agent::Alarm& effect) {
  ground().trace.note(ground().timeline.now(), name(),
                      [&] { return fmt::format("{}: {}", name(), effect.error.detail); });
}

}  // namespace estop::sim
