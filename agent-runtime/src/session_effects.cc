// SPDX-License-Identifier: Apache-2.0

// What obedience wants done, one function an effect. All on the I/O thread.
#include <utility>

#include "agent-runtime/src/session.h"
#include "schemas/codec.h"

namespace estop::agent {
namespace {

constexpr Millis kHelloTimeout{2'000};
constexpr Millis kBeatTimeout{2'000};

}  // namespace

void Session::happen(Event event) {
  events_.push_back(std::move(event));
  if (std::exchange(happening_, true)) return;  // an effect made it: after the others
  while (!events_.empty()) {
    const Event next = std::move(events_.front());
    events_.pop_front();
    for (const Effect& effect : obedience_.step(next, link_.now())) {
      std::visit([this](const auto& one) { perform(one); }, effect);
    }
  }
  happening_ = false;
  if (const auto due = obedience_.next_deadline()) link_.wake_at(*due);
}

void Session::tick() {
  intents_.expire();
  happen(Tick{});
  if (const auto due = intents_.next_deadline()) link_.wake_at(*due);
}

void Session::on_control(const nats::MessageView& view) {
  auto record = schemas::open_record(view.data);
  if (!record) {
    const bool is_controls = schemas::is_signed_record(view.data, keys_.control);
    if (!is_controls) ++bad_signatures_;
    return happen(OrderUnreadable{record.error(), is_controls});
  }
  Event event = OrderSeen{record->record};
  seen_ = std::move(*record);
  happen(std::move(event));
}

void Session::perform(const RaiseStop& effect) {
  standing_.raise(order_of(effect.halt));
}

void Session::perform(const LowerStop&) {
  standing_.lower();
}

void Session::perform(const CheckOrder& effect) {
  const bool good = seen_ && schemas::verify_record(*seen_, keys_.control);
  if (!good) ++bad_signatures_;
  happen(OrderChecked{effect.record, good});
}

// Requesting a stop may run the user's code: that, and the callback, belong to the stop thread.
void Session::perform(const StopWork& effect) {
  const auto why = standing_.may_act(standing_.life().number);
  auto stopped = intents_.stop(effect.drain, why ? Error{} : why.error());
  happen(WorkStopped{effect.drain, stopped.running.size(), stopped.dropped});
  stopped.running.push_back(standing_.life_source());
  stops_.post([this, drain = effect.drain, order = order_of(effect.halt),
               running = std::move(stopped.running)] {
    for (auto source : running) source.request_stop();
    // Also when the callback throws: obedience waits for its end.
    const std::shared_ptr<void> returned(nullptr, [this, drain](void*) {
      link_.post([this, drain] { happen(CallbackReturned{drain}); });
    });
    tell_stop(order);
  });
}

void Session::perform(const StartWork& effect) {
  standing_.start(effect.life, effect.incarnation);
  intents_.resume();
  stops_.post([this] { untold_.reset(); });
  if (!ready_) return;  // the first start of an agent that was not stopped
  if (const auto tell = callbacks().resume) notify(tell);
}

void Session::perform(const RenewLease& effect) {
  standing_.renew(effect.until);
}

schemas::Hello Session::hello(bool goodbye) const {
  schemas::Hello made;
  made.key = keys_.own.public_key();
  made.process = link_.identity().process;
  made.host = link_.identity().host;
  made.pid = link_.identity().pid;
  made.runtime = "estop-cpp/" ESTOP_VERSION;
  made.spawned_by = options_.spawned_by;
  made.goodbye = goodbye;
  return made;
}

void Session::perform(const SendHello& effect) {
  const auto& self = link_.identity();
  const auto bytes = schemas::encode(hello(false));
  if (!bytes) return happen(HelloFailed{bytes.error()});
  link_.connection().request(self.subjects.hello(self.address, self.instance), *bytes,
                             kHelloTimeout,
                             [this, number = effect.number](Result<nats::MessageView> view) {
                               if (!view) return happen(HelloFailed{view.error()});
                               auto reply = schemas::decode<schemas::HelloReply>(view->data);
                               if (!reply) return happen(HelloFailed{reply.error()});
                               happen(HelloAnswered{number, std::move(*reply)});
                             });
}

void Session::perform(const SendBeat& effect) {
  AgentStats stats;
  intents_.count(stats);
  schemas::Beat beat;
  beat.process = link_.identity().process;
  beat.nonce = effect.nonce;
  beat.incarnation = effect.incarnation;
  beat.stopped = effect.stopped;
  beat.sent = stats.sent;
  beat.handled = stats.handled;
  beat.succeeded = tally_.succeeded.load();
  beat.failed = tally_.failed.load();
  beat.latency_total_us = tally_.latency_total_us.load();
  beat.cost_micro_usd = tally_.cost_micro_usd.load();
  beat.tokens = tally_.tokens.load();
  beat.api_calls = tally_.api_calls.load();
  const auto& self = link_.identity();
  const auto bytes = schemas::encode(beat);
  if (!bytes) return;  // a process name is always one
  link_.connection().request(self.subjects.beat(self.address, self.instance), *bytes, kBeatTimeout,
                             [this](Result<nats::MessageView> view) {
                               if (!view) {  // the lease says what silence means
                                 if (view.error().code == Errc::kTimeout) happen(Unanswered{});
                                 return;
                               }
                               const auto reply = schemas::decode<schemas::BeatReply>(view->data);
                               if (!reply) return happen(BeatUnreadable{reply.error()});
                               happen(BeatAnswered{*reply});
                             });
}

void Session::perform(const SendReceipt& effect) {
  const auto& self = link_.identity();
  schemas::StoppedReceipt receipt = effect.receipt;
  receipt.process = self.process;
  const auto bytes = schemas::sign_stopped(receipt, keys_.own);
  if (!bytes) return unsent("the receipt of " + effect.receipt.op_id, bytes.error());
  const auto subject = self.subjects.stopped(self.address, self.instance);
  if (!link_.connection().publish(subject, *bytes)) {
    unsent("the receipt of " + effect.receipt.op_id, link_.refusal(bytes->size()));
    return happen(ReceiptUnsent{});
  }
  link_.connection().flush();
}

void Session::perform(const PeerKilled& effect) {
  auto running = intents_.peer_killed(effect.record);
  if (running.empty()) return;
  stops_.post([running = std::move(running)] {
    for (auto source : running) source.request_stop();
  });
}

void Session::perform(const PeerResumed& effect) {
  intents_.peer_resumed(effect.record);
}

void Session::perform(const KeepCheckpoints& effect) {
  store_.keep(effect.incarnation, effect.checkpoints);
}

void Session::perform(const BecomeReady&) {
  ready_ = true;
  if (auto order = standing_.stop_order()) {
    stops_.post([this, order = std::move(order)] { untold_ = order; });
  }
  standing_.become_ready();
}

void Session::perform(const EndSession& effect) {
  standing_.end(effect.error);
  alarm(effect.error);
}

// Later: what asks for it may run inside a handler of the connection.
void Session::perform(const Reconnect& effect) {
  const std::string reason = std::to_string(effect.unanswered) + " requests in a row had no answer";
  alarm({Errc::kNoContact, reason + ": the connection is made anew"});
  link_.post([this, reason] { link_.connection().abandon(reason); });
}

void Session::perform(const Alarm& effect) {
  alarm(effect.error);
}

StopOrder Session::order_of(const Halt& halt) const {
  StopOrder order;
  order.cause = halt.cause;
  order.op_id = halt.latch.op_id;
  if (!halt.latch.op_id.empty()) order.scope = halt.latch.scope.text();
  order.actor = halt.latch.actor;
  order.reason = halt.reason;
  order.grace_until = std::chrono::steady_clock::now() +
                      std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                          halt.grace_until - link_.now());
  return order;
}

}  // namespace estop::agent
