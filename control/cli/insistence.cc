// SPDX-License-Identifier: Apache-2.0
#include "control/cli/insistence.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace estop::cli {

using schemas::Errc;
using schemas::fail;
using schemas::Result;

namespace {

constexpr nats::Millis kSilence{2'000};   // of control: sent once more
constexpr nats::Millis kBridges{1'000};   // of control: what bridges say is told
constexpr nats::Millis kPause{250};       // before it is sent again at once
constexpr nats::Millis kForAnswers{100};  // control's own deadline comes first

// Other complaints of the broker come with the end of a connection, and the next one may be better.
bool is_refusal(const std::string& error) {
  return error.find("ermissions ") != std::string::npos;  // the broker's words, in either case
}

}  // namespace

// What control answers, to whichever of the commands that are all one order. Shared with the
// requests, which may outlive the kill.
struct Insistence::Talk {
  const KillEvents* events = nullptr;  // none: it is over
  std::set<std::string, std::less<>> told;
  std::uint64_t sent = 0;      // commands
  std::uint64_t heard_by = 0;  // the one that is answered; 0: none yet
  bool is_over = false;
  bool is_lost = false;  // nobody listens, or the connection broke

  // An answer to command `number`. False: no more of them.
  bool take(std::uint64_t number, const Result<nats::MessageView>& one) {
    if (events == nullptr || is_over) return false;
    if (heard_by != 0 && heard_by != number) return false;
    if (!one) {
      is_lost = is_lost || (one.error().code == Errc::kNoContact && number == sent);
      heard_by = 0;
      return false;
    }
    heard_by = number;
    // After a new connection control tells all of it once more.
    if (!told.emplace(one->data).second) return true;
    is_over = !events->answer(one->data);
    return !is_over;
  }
};

Insistence::Insistence(nats::BlockingClient& client, const schemas::Subjects& subjects,
                       const Identity& identity, const std::string& url_hint)
    : client_(client),
      subjects_(subjects),
      identity_(identity),
      url_hint_(url_hint),
      talk_(std::make_shared<Talk>()) {}

Insistence::~Insistence() {
  talk_->events = nullptr;
  if (latched_inbox_ != 0) client_.connection().unsubscribe(latched_inbox_);
}

nats::Millis Insistence::left() const {
  const auto left = std::chrono::duration_cast<nats::Millis>(end_ - Clock::now());
  return std::max(left, nats::Millis(0));
}

Result<void> Insistence::run(const schemas::Record& kill, const std::string& json,
                             nats::Millis timeout, const KillEvents& events) {
  end_ = Clock::now() + timeout;
  events_ = &events;
  talk_->events = &events;
  // A kill that cannot be signed is a command all the same.
  if (auto order = schemas::sign_order(kill, identity_.creds_text)) order_ = std::move(*order);
  listen_to_bridges(kill.op_id);
  while (!talk_->is_over && left().count() > 0 && refused_.empty()) {
    if (auto connected = connect(); !connected) return connected;
    if (!client_.is_connected()) break;
    send(json);
    wait();
  }
  return outcome();
}

void Insistence::listen_to_bridges(const std::string& op_id) {
  latched_inbox_ = client_.connection().subscribe(
      subjects_.latched_of(identity_.name),
      [this, quoted = '"' + op_id + '"'](const nats::MessageView& message) {
        if (message.data.find(quoted) == std::string_view::npos) return;
        latched_.emplace_back(message.data);
      });
}

Result<void> Insistence::connect() {
  if (client_.is_connected()) return {};
  if (!client_.was_started()) {
    if (auto started = client_.connect(true); !started) return started;
  }
  client_.run_until([this] { return client_.is_connected(); }, left());
  if (client_.is_connected()) return {};
  why_not_ = client_.take_error();
  if (client_.is_closed() && !is_sent_) return fail(Errc::kUnauthenticated, why_not_);
  if (client_.is_closed()) end_ = Clock::now();
  return {};
}

void Insistence::send(const std::string& json) {
  static_cast<void>(client_.take_error());  // of an earlier attempt to connect
  nats::Connection& connection = client_.connection();
  // A failure needs no word: the command below fails as well, and all of it is sent again.
  if (order_)
    (void)connection.publish(subjects_.emergency(identity_.name, identity_.reach), order_->frame);
  const std::uint64_t number = ++talk_->sent;
  talk_->is_lost = false;
  const auto verb = schemas::Segment::parse("kill");
  connection.request_many(subjects_.command(identity_.name, *verb, identity_.reach), json,
                          left() + kForAnswers,
                          [talk = talk_, number](const Result<nats::MessageView>& one) {
                            return talk->take(number, one);
                          });
  connection.flush();
  if (!is_sent_ && client_.is_connected()) {
    is_sent_ = true;
    sent_at_ = Clock::now();
    if (events_->sent) events_->sent();
  }
}

void Insistence::wait() {
  const auto begin = Clock::now();
  const auto is_silent_for = [&](nats::Millis time, Clock::time_point since) {
    return talk_->heard_by == 0 && Clock::now() - since >= time;
  };
  bool shall_send_again = false;
  client_.run_until(
      [&] {
        if (is_silent_for(kBridges, sent_at_)) tell_latched();
        // The broker tells of a refused publish beside the conversation, which gets no answer then.
        if (is_refusal(client_.last_error())) refused_ = client_.take_error();
        shall_send_again =
            talk_->is_lost || !client_.is_connected() || is_silent_for(kSilence, begin);
        return talk_->is_over || shall_send_again || !refused_.empty();
      },
      left());
  if (talk_->is_over || !refused_.empty()) return;
  if (!client_.is_connected()) talk_->heard_by = 0;
  if (talk_->is_lost) client_.run_until([] { return false; }, std::min(kPause, left()));
}

void Insistence::tell_latched() {
  for (const std::string& notice : std::exchange(latched_, {})) {
    if (talk_->told.emplace(notice).second) talk_->is_over |= !events_->answer(notice);
  }
}

Result<void> Insistence::outcome() {
  if (talk_->is_over) return {};
  if (!refused_.empty()) client_.run_until([] { return false; }, std::min(kBridges, left()));
  tell_latched();
  if (!refused_.empty()) return fail(Errc::kNotPermitted, refused_);
  if (is_sent_) {
    return fail(Errc::kTimeout,
                "control did not say all of it in time: does it run? (estop status)");
  }
  return fail(Errc::kNoContact,
              (why_not_.empty() ? "no broker answered in time" : why_not_) + url_hint_);
}

}  // namespace estop::cli
