// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/app/intents.h"

#include <utility>

namespace estop::bridge {

using nats::MessageView;

namespace {

constexpr Nanos kLookAtControl = 200'000;  // how long a batch of intents may keep a kill waiting

}  // namespace

Intents::Intents(const nats::Loop& loop, const schemas::Subjects& subjects, BridgeCore& core,
                 nats::Connection& agents, nats::Connection& control, Outbox& outbox,
                 BridgeMetrics& metrics)
    : loop_(loop),
      subjects_(subjects),
      core_(core),
      agents_(agents),
      control_(control),
      outbox_(outbox),
      metrics_(metrics) {}

void Intents::join() {
  arrival_.forget();
  static const auto kGroup = *schemas::Segment::parse("bridge");
  subscription_ = agents_.queue_subscribe(subjects_.intents(), kGroup,
                                          [this](const MessageView& m) { on_intent(m); });
  agents_.flush();
}

void Intents::leave(Nanos arrived_by) {
  if (subscription_) agents_.unsubscribe(*subscription_);
  subscription_.reset();
  agents_.flush();
  arrival_.expect(arrived_by);
}

void Intents::look_at_arrival() {
  if (!arrival_.is_late(loop_.now(), agents_.unconfirmed_bytes())) return;
  agents_.abandon("what was forwarded has not arrived within the lease");
}

void Intents::on_intent(const MessageView& message) {
  const Nanos now = look_at_control();
  if (!message.reply.empty()) count_reply(message);
  const IntentOutcome& outcome = core_.on_intent(message.subject, message.data, now);
  switch (outcome.action) {
    case IntentOutcome::Action::kForward:
      if (agents_.publish_guarded(outcome.subject, message.data)) return core_.forwarded();
      return outbox_.refuse(core_.not_forwarded(message.subject, message.data));
    case IntentOutcome::Action::kRefuse:
      return outbox_.refuse(outcome);
    case IntentOutcome::Action::kIgnore:
      return;
  }
}

// Within a batch of intents the loop does not look at control: then it is looked at here.
Nanos Intents::look_at_control() {
  const Nanos now = loop_.now();
  const bool is_new_batch = std::exchange(batch_, agents_.batches()) != agents_.batches();
  if (is_new_batch) looked_at_control_ = now;
  if (now - looked_at_control_ <= kLookAtControl) return now;
  control_.poll();
  return looked_at_control_ = loop_.now();
}

// A reply subject is never used here: it could lead a refusal to a foreign subject. Only counted.
void Intents::count_reply(const MessageView& message) {
  const auto parts = subjects_.parse_intent(message.subject);
  if (parts && subjects_.honoured_reply(parts->sender, message.reply)) return;
  metrics_.ignored_reply();
}

}  // namespace estop::bridge
