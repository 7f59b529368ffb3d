// SPDX-License-Identifier: Apache-2.0

// One function an effect.
#include "agent-runtime/src/performer.h"

#include <utility>

#include "broker-bridge/daemon/random.h"
#include "schemas/codec.h"

namespace estop::agent {
namespace {

constexpr Millis kHelloTimeout{2'000};
constexpr Millis kBeatTimeout{2'000};
constexpr std::uint32_t kJitterMax_ms = 100;

ObedienceConfig config_of(const Identity& self, const AgentOptions& options) {
  ObedienceConfig config;
  config.address = self.address;
  config.instance = self.instance;
  config.stop_on_lost_contact = options.on_lost_contact == OnLostContact::kStop;
  config.contact.hello_jitter = Millis{daemon::random_number() % kJitterMax_ms};
  return config;
}

}  // namespace

Performer::Performer(const Parts& parts)
    : to_(parts), obedience_(config_of(parts.link.identity(), parts.options)) {}

void Performer::happen(Event event) {
  events_.push_back(std::move(event));
  if (std::exchange(happening_, true)) return;  // an effect made it: after the others
  while (!events_.empty()) {
    const Event next = std::move(events_.front());
    events_.pop_front();
    for (const Effect& effect : obedience_.step(next, to_.link.now())) {
      std::visit([this](const auto& one) { perform(one); }, effect);
    }
  }
  happening_ = false;
  if (const auto due = obedience_.next_deadline()) to_.link.wake_at(*due);
}

void Performer::hear(const nats::MessageView& view) {
  auto record = schemas::open_record(view.data);
  if (!record) {
    const bool is_controls = schemas::is_signed_record(view.data, to_.keys.control);
    if (!is_controls) to_.tally.bad_signature();
    return happen(OrderUnreadable{record.error(), is_controls});
  }
  Event event = OrderSeen{record->record};
  seen_ = std::move(*record);
  happen(std::move(event));
}

void Performer::perform(const RaiseStop& effect) {
  to_.standing.raise(order_of(effect.halt));
}

void Performer::perform(const LowerStop&) {
  to_.standing.lower();
}

void Performer::perform(const CheckOrder& effect) {
  const bool good = seen_ && schemas::verify_record(*seen_, to_.keys.control);
  if (!good) to_.tally.bad_signature();
  happen(OrderChecked{effect.record, good});
}

// Requesting a stop may run the user's code: that, and the callback, belong to the stop thread.
void Performer::perform(const StopWork& effect) {
  const auto why = to_.standing.may_act(to_.standing.life().number);
  auto stopped = to_.intents.stop(effect.drain, why ? Error{} : why.error());
  happen(WorkStopped{effect.drain, stopped.running.size(), stopped.dropped});
  stopped.running.push_back(to_.standing.life_source());
  to_.stop_calls.stop(std::move(stopped.running), order_of(effect.halt),
                      [this, drain = effect.drain] {
                        to_.link.post([this, drain] { happen(CallbackReturned{drain}); });
                      });
}

void Performer::perform(const StartWork& effect) {
  to_.standing.start(effect.life, effect.incarnation);
  to_.intents.resume();
  to_.stop_calls.forget();
  if (!ready_) return;  // the first start of an agent that was not stopped
  to_.callbacks.resumed();
}

void Performer::perform(const RenewLease& effect) {
  to_.standing.renew(effect.until);
}

schemas::Hello Performer::hello(bool goodbye) const {
  schemas::Hello made;
  made.key = to_.keys.own.public_key();
  made.process = to_.link.identity().process;
  made.host = to_.link.identity().host;
  made.pid = to_.link.identity().pid;
  made.runtime = "estop-cpp/" ESTOP_VERSION;
  made.spawned_by = to_.options.spawned_by;
  made.goodbye = goodbye;
  return made;
}

void Performer::perform(const SendHello& effect) {
  const auto& self = to_.link.identity();
  const auto bytes = schemas::encode(hello(false));
  if (!bytes) return happen(HelloFailed{bytes.error()});
  to_.link.connection().request(self.subjects.hello(self.address, self.instance), *bytes,
                                kHelloTimeout,
                                [this, number = effect.number](Result<nats::MessageView> view) {
                                  if (!view) return happen(HelloFailed{view.error()});
                                  auto reply = schemas::decode<schemas::HelloReply>(view->data);
                                  if (!reply) return happen(HelloFailed{reply.error()});
                                  happen(HelloAnswered{number, std::move(*reply)});
                                });
}

void Performer::perform(const SendBeat& effect) {
  AgentStats stats;
  to_.intents.count(stats);
  schemas::Beat beat;
  beat.process = to_.link.identity().process;
  beat.nonce = effect.nonce;
  beat.incarnation = effect.incarnation;
  beat.stopped = effect.stopped;
  beat.sent = stats.sent;
  beat.handled = stats.handled;
  to_.tally.write(beat);
  const auto& self = to_.link.identity();
  const auto bytes = schemas::encode(beat);
  if (!bytes) return;  // a process name is always one
  to_.link.connection().request(self.subjects.beat(self.address, self.instance), *bytes,
                                kBeatTimeout, [this](Result<nats::MessageView> view) {
                                  if (!view) {  // the lease says what silence means
                                    if (view.error().code == Errc::kTimeout) happen(Unanswered{});
                                    return;
                                  }
                                  const auto reply =
                                      schemas::decode<schemas::BeatReply>(view->data);
                                  if (!reply) return happen(BeatUnreadable{reply.error()});
                                  happen(BeatAnswered{*reply});
                                });
}

void Performer::perform(const SendReceipt& effect) {
  const auto& self = to_.link.identity();
  schemas::StoppedReceipt receipt = effect.receipt;
  receipt.process = self.process;
  const auto bytes = schemas::sign_stopped(receipt, to_.keys.own);
  if (!bytes) return unsent("the receipt of " + effect.receipt.op_id, bytes.error());
  const auto subject = self.subjects.stopped(self.address, self.instance);
  if (!to_.link.connection().publish(subject, *bytes)) {
    unsent("the receipt of " + effect.receipt.op_id, to_.link.refusal(bytes->size()));
    return happen(ReceiptUnsent{});
  }
  to_.link.connection().flush();
}

void Performer::perform(const PeerKilled& effect) {
  auto running = to_.intents.peer_killed(effect.record);
  if (!running.empty()) to_.stop_calls.request(std::move(running));
}

void Performer::perform(const PeerResumed& effect) {
  to_.intents.peer_resumed(effect.record);
}

void Performer::perform(const KeepCheckpoints& effect) {
  to_.store.keep(effect.incarnation, effect.checkpoints);
}

void Performer::perform(const BecomeReady&) {
  ready_ = true;
  if (auto order = to_.standing.stop_order()) to_.stop_calls.keep(std::move(*order));
  to_.standing.become_ready();
}

void Performer::perform(const EndSession& effect) {
  to_.standing.end(effect.error);
  to_.callbacks.alarm(effect.error);
}

// Later: what asks for it may run inside a handler of the connection.
void Performer::perform(const Reconnect& effect) {
  const std::string reason = std::to_string(effect.unanswered) + " requests in a row had no answer";
  to_.callbacks.alarm({Errc::kNoContact, reason + ": the connection is made anew"});
  to_.link.post([this, reason] { to_.link.connection().abandon(reason); });
}

void Performer::perform(const Alarm& effect) {
  to_.callbacks.alarm(effect.error);
}

void Performer::unsent(const std::string& what, const Error& why) {
  to_.tally.unsent();
  to_.callbacks.alarm({why.code, what + " was not sent: " + why.detail});
}

StopOrder Performer::order_of(const Halt& halt) const {
  StopOrder order;
  order.cause = halt.cause;
  order.op_id = halt.latch.op_id;
  if (!halt.latch.op_id.empty()) order.scope = halt.latch.scope.text();
  order.actor = halt.latch.actor;
  order.reason = halt.reason;
  order.grace_until = std::chrono::steady_clock::now() +
                      std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                          halt.grace_until - to_.link.now());
  return order;
}

}  // namespace estop::agent
