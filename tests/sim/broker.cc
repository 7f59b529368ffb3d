// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/broker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace estop::sim {
namespace {

using control::Account;

constexpr Nanos kBackLate = 2 * kSecond;  // how late a duplicate may come

bool allows(const std::vector<Pattern>& patterns, std::string_view subject) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const Pattern& pattern) { return pattern.covers(subject); });
}

std::vector<Pattern> patterns_of(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

std::size_t size_of(const std::vector<Request>& requests) {
  std::size_t bytes = requests.size();  // a subscription is small
  for (const Request& request : requests) {
    if (const auto* one = std::get_if<Publish>(&request)) bytes += one->message->data.size();
  }
  return bytes;
}

}  // namespace

void Session::forget_confirmed(Nanos now) {
  while (!unconfirmed.empty() && unconfirmed.front().confirmed_at <= now) unconfirmed.pop_front();
}

bool Pattern::covers(std::string_view subject) const noexcept {
  if (subject.compare(0, literal_, text_, 0, literal_) != 0) return false;
  std::size_t at = literal_;
  for (const char wanted : std::string_view(text_).substr(literal_)) {
    if (wanted == '>') return at < subject.size();
    if (wanted == '*') {
      const std::size_t token = at;
      while (at < subject.size() && subject[at] != '.') ++at;
      if (at == token) return false;
    } else if (at == subject.size() || subject[at++] != wanted) {
      return false;
    }
  }
  return at == subject.size();
}

Broker::Broker(Ground& ground, const schemas::Subjects& subjects, Stream::Events stream,
               Accepted accepted)
    : ground_(ground),
      log_subject_(subjects.log().str()),
      lease_subject_(subjects.lease().str()),
      stream_(subjects, std::move(stream)),
      accepted_(std::move(accepted)) {}

void Broker::add_user(User user) {
  auto link = std::make_unique<Link>();
  link->user = std::move(user);
  link->may_publish = patterns_of(link->user.may.publish);
  link->may_subscribe = patterns_of(link->user.may.subscribe);
  links_.push_back(std::move(link));
}

// --- The client's side ---

SessionPtr Broker::dial(const std::string& user) {
  const auto link = std::find_if(links_.begin(), links_.end(),
                                 [&](const auto& one) { return one->user.name == user; });
  const Nanos now = ground_.timeline.now();
  if (!up_ || link == links_.end()) return nullptr;
  if (now < (*link)->up_cut_until || now < (*link)->down_cut_until) return nullptr;
  auto session = std::make_shared<Session>();
  session->link = link->get();
  sessions_.push_back(session);
  return session;
}

void Broker::send(const SessionPtr& session, std::vector<Request> requests) {
  const Nanos now = ground_.timeline.now();
  const Nanos at =
      std::max({session->up_free_at, now + ground_.delay(), session->link->up_cut_until});
  session->up_free_at = at;
  const Nanos confirmed = std::max(at, session->link->down_cut_until);
  expect_confirmation(session, confirmed);
  session->forget_confirmed(now);
  session->unconfirmed.push_back({confirmed, size_of(requests)});
  ground_.timeline.at(at, [this, session, at, requests = std::move(requests)] {
    if (at > session->up_ends_at) return;
    for (const Request& request : requests) {
      if (!session->broker_has_it) return;
      std::visit([&](const auto& one) { handle(session, one); }, request);
    }
  });
}

void Broker::expect_confirmation(const SessionPtr& session, Nanos confirmed) {
  const Nanos gives_up = ground_.timeline.now() + session->unconfirmed_max;
  if (session->unconfirmed_max == 0 || confirmed <= gives_up) return;
  if (session->up_ends_at <= gives_up) return;
  session->up_ends_at = gives_up;
  ground_.count("unconfirmed bytes dropped");
  ground_.timeline.at(gives_up, [session] {
    if (session->client_has_it) session->on_lost("the broker confirms nothing");
  });
}

// The client closes its socket, or its machine does it for a process that died.
void Broker::hang_up(const SessionPtr& session) {
  session->client_has_it = false;
  const Nanos now = ground_.timeline.now();
  const Nanos at =
      std::max({session->up_free_at, now + ground_.delay(), session->link->up_cut_until});
  ground_.timeline.at(at, [this, session] { drop(session); });
}

// --- What clients ask for ---

void Broker::handle(const SessionPtr& session, const Publish& publish) {
  const Message& message = *publish.message;
  const User& user = session->link->user;
  if (!allows(session->link->may_publish, message.subject)) {
    ground_.count("publish refused by the broker");
    return;
  }
  ground_.trace.note(ground_.timeline.now(), message.data,
                     [&] { return fmt::format("{} > {}", user.name, message.subject); });
  accepted_(message);
  std::optional<Message> answer;
  const bool in_control = user.account == Account::kControl;
  const bool asked = in_control && stream_.ask(message, answer);
  if (in_control && message.subject == log_subject_) answer = stream_.take(message);
  const std::size_t heard = asked ? 1 : route(publish.message, user.account);
  if (answer && !message.reply.empty()) return reply_to(message, std::move(*answer));
  if (heard != 0 || message.reply.empty()) return;
  Message nobody;
  nobody.headers = {{"Status", "503"}};
  reply_to(message, std::move(nobody));
}

void Broker::handle(const SessionPtr& session, const Subscribe& subscribe) {
  const auto& may = session->link->may_subscribe;
  const bool allowed = std::any_of(may.begin(), may.end(), [&](const Pattern& one) {
    return one.text() == subscribe.pattern || one.covers(subscribe.pattern);
  });
  if (!allowed) {
    ground_.count("subscription refused by the broker");
    return;
  }
  session->subscriptions.push_back({subscribe.id, Pattern(subscribe.pattern), subscribe.queue});
}

void Broker::handle(const SessionPtr& session, const Unsubscribe& unsubscribe) {
  std::erase_if(session->subscriptions,
                [&](const Subscription& one) { return one.id == unsubscribe.id; });
}

// --- Routing ---

void Broker::reply_to(const Message& asked, Message answer) {
  answer.subject = asked.reply;
  route(std::make_shared<const Message>(std::move(answer)), asked.from->account);
}

std::size_t Broker::route(const MessagePtr& message, Account account) {
  std::size_t heard = 0;
  std::map<std::string_view, std::vector<std::pair<const SessionPtr*, Subscription*>>> groups;
  for (const SessionPtr& session : sessions_) {
    if (session->link->user.account != account) continue;
    for (Subscription& subscription : session->subscriptions) {
      if (!subscription.pattern.covers(message->subject)) continue;
      ++heard;
      if (subscription.queue.empty()) {
        deliver(session, subscription, message);
      } else {
        groups[subscription.queue].emplace_back(&session, &subscription);
      }
    }
  }
  for (const auto& [queue, members] : groups) {
    const auto& [session, subscription] = ground_.random.pick(members);
    deliver(*session, *subscription, message);
  }
  return heard;
}

void Broker::deliver(const SessionPtr& session, Subscription& subscription,
                     const MessagePtr& message) {
  const Weather& weather = ground_.weather;
  Random& random = ground_.random;
  if (subscription.dead) return;
  if (weather.loss != 0 && random.chance(weather.loss)) return ground_.count("message lost");
  const Nanos now = ground_.timeline.now();
  Nanos at =
      std::max({session->down_free_at, now + ground_.delay(), session->link->down_cut_until});
  session->down_free_at = at;
  at = std::max(at, subscription.free_at);
  if (weather.lag != 0 && random.chance(weather.lag)) {
    at += random.between(kMs, 300 * kMs);
    ground_.count("subscription lags");
  }
  subscription.free_at = at;
  deliver_at(at, session, subscription.id, message);
  // Not of leases: nobody but their publisher can repeat one, and an old head is a log gone back.
  if (weather.duplicate == 0 || message->subject == lease_subject_) return;
  if (!random.chance(weather.duplicate)) return;
  ground_.count("message duplicated");
  deliver_at(at + random.between(0, kBackLate), session, subscription.id, message);
}

void Broker::deliver_at(Nanos when, const SessionPtr& session, std::uint64_t id,
                        const MessagePtr& message) {
  ground_.timeline.at(when, [session, id, message] {
    if (session->client_has_it) session->on_message(id, message);
  });
}

void Broker::drop(const SessionPtr& session) {
  session->broker_has_it = false;
  std::erase(sessions_, session);
}

// Both ends notice: the broker at once, the client a moment later.
void Broker::lose(const SessionPtr& session, const std::string& reason) {
  const Nanos now = ground_.timeline.now();
  session->up_ends_at = now;
  drop(session);
  ground_.timeline.at(now + ground_.delay(), [session, reason] {
    if (session->client_has_it) session->on_lost(reason);
  });
}

// --- Faults ---

// A client notices by its pings after at most 3 s and dials anew; the broker only when it hears it.
void Broker::cut(Link& link, bool up, bool down, Nanos how_long) {
  const Nanos now = ground_.timeline.now();
  const Nanos until = now + how_long;
  if (up) link.up_cut_until = std::max(link.up_cut_until, until);
  if (down) link.down_cut_until = std::max(link.down_cut_until, until);
  const Nanos noticed = now + ground_.random.between(2 * kSecond, 3 * kSecond);
  if (noticed >= until) return;
  for (const SessionPtr& session : sessions_) {
    if (session->link != &link) continue;
    ground_.timeline.at(noticed, [session] {
      if (session->client_has_it) session->on_lost("no answer from the broker");
    });
  }
}

void Broker::stop(Nanos down_for) {
  up_ = false;
  for (const SessionPtr& session : std::vector(sessions_)) lose(session, "the broker ended");
  ground_.timeline.after(down_for, [this] { up_ = true; });
}

void Broker::misplace_subscription() {
  if (sessions_.empty()) return;
  auto& subscriptions = ground_.random.pick(sessions_)->subscriptions;
  if (!subscriptions.empty()) ground_.random.pick(subscriptions).dead = true;
}

// What comes meanwhile is delivered at the end, in its order, and later than what the connection's
// other subscriptions got.
void Broker::stall_agent(Nanos how_long) {
  std::vector<Subscription*> theirs;
  for (const SessionPtr& session : sessions_) {
    if (!session->link->user.name.starts_with("agent-")) continue;
    for (Subscription& one : session->subscriptions) theirs.push_back(&one);
  }
  if (theirs.empty()) return;
  Subscription& stalled = *ground_.random.pick(theirs);
  stalled.free_at = std::max(stalled.free_at, ground_.timeline.now() + how_long);
}

void Broker::find_subscriptions_again() {
  for (const SessionPtr& session : sessions_) {
    for (Subscription& one : session->subscriptions) one.dead = false;
  }
}

void Broker::inject(std::string subject, std::string data) {
  Message message;
  message.subject = std::move(subject);
  message.data = std::move(data);
  route(std::make_shared<const Message>(std::move(message)), Account::kControl);
}

}  // namespace estop::sim
