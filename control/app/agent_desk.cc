// SPDX-License-Identifier: Apache-2.0
#include "control/app/agent_desk.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "control/app/reply_to.h"
#include "schemas/codec.h"

namespace estop::control {

namespace {

constexpr std::uint64_t kSweepEvery_us = 1'000'000;

// An answer of the same kind that says why there is none. Only two kinds grow large.
template <class Reply>
std::optional<schemas::Bytes> in_place_of(const Reply& /*of_this_kind*/, const std::string& why) {
  Reply no;
  no.code = schemas::Errc::kTooLarge;
  no.detail = why;
  return schemas::encode(no);
}
std::optional<schemas::Bytes> in_place_of(const schemas::BeatReply&, const std::string&) {
  return std::nullopt;
}

}  // namespace

AgentDesk::AgentDesk(const nats::Loop& loop, nats::Connection& link,
                     const schemas::Subjects& subjects, ControlMetrics& metrics,
                     std::uint32_t beat_ms, Ways ways)
    : loop_(loop),
      link_(link),
      subjects_(subjects),
      metrics_(metrics),
      ways_(std::move(ways)),
      outbox_(loop, link, metrics),
      budget_({.beat_ms = beat_ms}),
      lanes_({}, [this](const WaitingStore& asked) { return begin(asked); }) {}

void AgentDesk::listen() {
  on(subjects_.stoppeds(), AgentSays::kStopped, heard_stopped);
  on(subjects_.beats(), AgentSays::kBeat, heard_beat);
  on(subjects_.hellos(), AgentSays::kHello, heard_hello);
  link_.subscribe(subjects_.checkpoints(), [this](const nats::MessageView& m) { on_store(m); });
}

void AgentDesk::on(const schemas::Subject& pattern, AgentSays what, Decode decode) {
  link_.subscribe(pattern, [this, what, decode](const nats::MessageView& message) {
    if (admits(what, message, now_us())) ways_.tell(decode(subjects_, message));
  });
}

bool AgentDesk::admits(AgentSays what, const nats::MessageView& message, std::uint64_t now) {
  const auto parts = subjects_.parse_agent(message.subject);
  if (!parts) {
    ways_.tell(std::nullopt);
    return false;
  }
  bool may = budget_.admits(what, parts->address, parts->instance, now);
  if (may) {
    const auto address = schemas::Address::from_tokens(parts->address);
    may =
        !address || !ways_.is_killed(*address) || budget_.admits_killed(what, parts->address, now);
  }
  if (!may) metrics_.agent_dropped(what);
  return may;
}

void AgentDesk::on_store(const nats::MessageView& message) {
  const std::uint64_t now = now_us();
  if (!admits(AgentSays::kStore, message, now)) return;
  const auto parts = subjects_.parse_agent(message.subject);
  const auto taken = lanes_.take(
      parts->address,
      {std::string(message.subject), std::string(message.reply), std::string(message.data)}, now);
  if (taken == StoreLanes::Taken::kYes) return;
  metrics_.agent_dropped(AgentSays::kStore);
  if (taken == StoreLanes::Taken::kRefused) refuse(message);
}

bool AgentDesk::begin(const WaitingStore& asked) {
  nats::MessageView message;
  message.subject = asked.subject;
  message.reply = asked.reply;
  message.data = asked.data;
  has_begun_ = false;
  ways_.tell(heard_store(subjects_, message));
  return std::exchange(has_begun_, false);
}

void AgentDesk::refuse(const nats::MessageView& message) {
  const auto parts = subjects_.parse_agent(message.subject);
  const auto reply = subjects_.honoured_reply(parts->address, message.reply);
  if (!reply) return;
  schemas::StoreReply no;
  no.code = schemas::Errc::kOverLimit;
  no.detail = "this address has asked for more than its share: ask again later";
  (void)outbox_.send(Unsent::kAgentReply, *reply, schemas::encode(no));
}

void AgentDesk::perform(const ReplyToAgent& effect) {
  if (effect.asker.is_nobody()) return;
  const schemas::Subject to = reply_to(effect.asker).subject;
  const schemas::Bytes bytes =
      std::visit([](const auto& reply) { return schemas::encode(reply); }, effect.reply);
  if (outbox_.send(Unsent::kAgentReply, to, bytes)) return;
  const std::size_t most = outbox_.most_bytes();
  if (most == 0 || bytes.size() <= most) return;
  const std::string why =
      fmt::format("the answer has {} bytes, this broker takes {}", bytes.size(), most);
  const auto no = std::visit([&](const auto& one) { return in_place_of(one, why); }, effect.reply);
  if (no) (void)outbox_.send(Unsent::kAgentReply, to, *no);
}

void AgentDesk::ended(const StoreAnswered& answer, std::uint64_t now) {
  lanes_.ended(answer.address.tokens(), answer.answer.bytes.size(), now);
}

void AgentDesk::tick(std::uint64_t now) {
  lanes_.tick(now);
  if (now < swept_us_ + kSweepEvery_us) return;
  swept_us_ = now;
  budget_.sweep(now);
  for (AgentsDropped& one : budget_.take_dropped()) ways_.tell(Event{std::move(one)});
}

}  // namespace estop::control
