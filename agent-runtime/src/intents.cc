// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/src/intents.h"

#include <charconv>
#include <utility>

#include "schemas/codec.h"

namespace estop::agent {

using schemas::Address;
using schemas::IntentFlag;

namespace {

constexpr std::size_t kCodeDigits = 4;

Errc errc_from(std::string_view digits) {
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return schemas::errc_from_number(number);
}

// A failed reply says "4094 effect-ambiguous: …"; one of another kind of agent may say anything.
Error failure_in(std::string_view payload) {
  const bool numbered =
      payload.size() > kCodeDigits && payload[kCodeDigits] == ' ' &&
      payload.substr(0, kCodeDigits).find_first_not_of("0123456789") == std::string_view::npos;
  if (!numbered) return {Errc::kInternal, std::string(payload)};
  const Errc code = errc_from(payload.substr(0, kCodeDigits));
  const auto colon = payload.find(": ");
  const auto detail =
      colon == std::string_view::npos ? payload.substr(kCodeDigits + 1) : payload.substr(colon + 2);
  return {code, std::string(detail)};
}

}  // namespace

Intents::Intents(Link& link, const Standing& standing, const AgentOptions& options, Hooks hooks)
    : link_(link),
      standing_(standing),
      hooks_(std::move(hooks)),
      outgoing_(link, standing, requests_, options.requests_max,
                {hooks_.refused, hooks_.reply_lost}),
      pool_(options.handler_threads, options.queue_max,
            {[this](const Delivery& one) {
               return standing_.acts(one.life) && link_.now() < one.expires;
             },
             [this](const Delivery& one, Result<Bytes> result) {
               ++handled_;
               outgoing_.reply(one, std::move(result));
             },
             hooks_.ended}) {}

std::uint64_t Intents::life_of_caller() const {
  return pool_.life_of_this_thread().value_or(standing_.life().number);
}

Result<std::string> Intents::send(std::string_view to, std::string_view action,
                                  std::string_view payload) {
  return outgoing_.send(life_of_caller(), to, action, payload);
}

Result<void> Intents::request(std::string_view to, std::string_view action,
                              std::string_view payload, Millis timeout, Requests::Done done) {
  return outgoing_.request(life_of_caller(), to, action, payload, timeout, std::move(done));
}

void Intents::count(AgentStats& stats) const {
  outgoing_.count(stats);
  stats.handled = handled_.load();
  stats.dropped = dropped_.load() + pool_.not_started();
  stats.refused = refused_.load();
  stats.foreign_replies = foreign_replies_.load();
}

void Intents::listen() {
  const auto& self = link_.identity();
  link_.connection().subscribe(self.subjects.inbox_of(self.address, self.instance),
                               [this](const nats::MessageView& view) { on_inbox(view); });
}

Result<void> Intents::handle(std::string_view action, Handler handler) {
  auto checked = schemas::Action::parse(action);
  if (!checked) return tl::make_unexpected(checked.error());
  if (!handler) return fail(Errc::kBadArgument, "the handler is empty");
  {
    const std::lock_guard lock(handlers_mutex_);
    const auto kept = std::make_shared<const Handler>(std::move(handler));
    if (!handlers_.emplace(checked->text(), kept).second) {
      return fail(Errc::kBadArgument, checked->text() + " has a handler already");
    }
  }
  const bool posted = link_.post([this] {
    if (standing_.acts(standing_.life().number)) follow_deliveries();
  });
  if (!posted) return fail(Errc::kNoContact, kLeft);
  return {};
}

std::shared_ptr<const Handler> Intents::handler_for(std::string_view action) {
  const std::lock_guard lock(handlers_mutex_);
  const auto found = handlers_.find(action);
  return found == handlers_.end() ? nullptr : found->second;
}

// Replicas share the deliveries. A stopped one leaves the group, or it would swallow its part.
void Intents::follow_deliveries() {
  const std::lock_guard lock(handlers_mutex_);
  if (deliveries_ != 0 || handlers_.empty()) return;
  static const auto group = schemas::Segment::parse("agents");
  const auto& self = link_.identity();
  deliveries_ = link_.connection().queue_subscribe(
      self.subjects.deliveries_to(self.address), *group,
      [this](const nats::MessageView& view) { on_delivery(view); });
}

void Intents::resume() {
  pool_.open();
  follow_deliveries();
}

HandlerPool::Stopped Intents::stop(std::uint64_t drain, const Error& why) {
  auto stopped = pool_.stop(drain);
  if (deliveries_ != 0) link_.connection().unsubscribe(std::exchange(deliveries_, 0));
  requests_.fail_all(why);
  dropped_ += stopped.dropped;
  return stopped;
}

std::vector<std::stop_source> Intents::peer_killed(const schemas::Record& record) {
  peers_.killed(record, link_.now());
  auto stopped = pool_.drop(record.scope());
  dropped_ += stopped.dropped;
  requests_.fail_to(record.scope(),
                    {Errc::kReceiverKilled, record.scope().text() + " was killed by " +
                                                record.actor.name + ": " + record.reason});
  return std::move(stopped.running);
}

void Intents::on_delivery(const nats::MessageView& view) {
  const auto life = standing_.life().number;
  const auto parts = link_.identity().subjects.parse_deliver(view.subject);
  const auto head = schemas::decode_intent(view.data);
  const auto from = parts ? Address::from_tokens(parts->sender) : fail(Errc::kMalformed);
  if (!from || !head || has(head->flags, IntentFlag::kReply) || !standing_.acts(life)) {
    ++dropped_;
    return;
  }
  if (!peers_.admits(*from, head->reply_instance, head->incarnation, link_.now())) {
    ++dropped_;
    return;
  }
  Delivery delivery;
  delivery.intent = {from->text(),          std::string(parts->action),
                     std::string(head->id), std::string(head->trace),
                     Bytes(head->payload),  has(head->flags, IntentFlag::kRequest)};
  delivery.from = *from;
  delivery.from_instance = head->reply_instance;
  delivery.life = life;
  delivery.expires =
      head->ttl_ms == 0 ? BootTime::max() : link_.now() + std::chrono::milliseconds{head->ttl_ms};
  delivery.handler = handler_for(parts->action);
  if (!delivery.handler) {
    ++dropped_;
    return outgoing_.reply(
        delivery, fail(Errc::kNotFound, "this agent has no handler for " + delivery.intent.action));
  }
  if (!pool_.submit(delivery)) {
    ++dropped_;
    outgoing_.reply(delivery,
                    fail(Errc::kOverLimit, "too many intents wait for this agent: retry later"));
  }
}

// Answers of control (`rpc`) have subscriptions of their own.
void Intents::on_inbox(const nats::MessageView& view) {
  const auto parts = link_.identity().subjects.parse_inbox(view.subject);
  if (!parts) {
    ++dropped_;
    return;
  }
  if (parts->kind == schemas::kReplyKind) on_reply(*parts, view.data);
  if (parts->kind == schemas::kRefusedKind) on_refused(std::string(parts->id), view);
}

Result<Bytes> Intents::read_reply(const std::string& id, std::string_view frame) {
  const auto head = schemas::decode_intent(frame);
  if (!head || !has(head->flags, IntentFlag::kReply) || head->id != id) {
    ++dropped_;
    // Only bridges reach this inbox: no better answer comes, and who asked need not wait for it.
    const Error why =
        head ? Error{Errc::kMalformed, "it is no reply to this request"} : head.error();
    return fail(why.code, "the reply cannot be read: " + why.detail);
  }
  if (has(head->flags, IntentFlag::kFailed)) return tl::make_unexpected(failure_in(head->payload));
  return Bytes(head->payload);
}

// The alarm comes once a request, so that a flood of such replies keeps out no other notice.
void Intents::on_reply(const schemas::InboxSubject& reply, std::string_view frame) {
  const std::string id(reply.id);
  const auto taken = requests_.reply(id, reply.replier, read_reply(id, frame));
  if (taken != Requests::Reply::kForeign && taken != Requests::Reply::kForeignAgain) return;
  ++foreign_replies_;
  const auto from = Address::from_tokens(reply.replier);
  const Address* asked = requests_.asked(id);
  if (taken == Requests::Reply::kForeignAgain || !from || asked == nullptr) return;
  hooks_.foreign_reply(
      {Errc::kNotPermitted,
       from->text() + " replied to the request " + id + ", which was asked of " + asked->text() +
           ": the reply is ignored and the request goes on waiting. That agent knows ids of "
           "requests that it was not asked: find out how, and kill it or withdraw its credential"});
}

void Intents::on_refused(const std::string& id, const nats::MessageView& view) {
  Errc code = errc_from(view.header("Estop-Error").value_or(""));
  if (code == Errc::kOk) code = Errc::kInternal;  // a refusal that says no number
  Error error{code, view.header("Nats-Service-Error").value_or("")};
  ++refused_;
  hooks_.doubted(code);
  if (!requests_.answer(id, tl::make_unexpected(error))) hooks_.refused({id, std::move(error)});
}

}  // namespace estop::agent
