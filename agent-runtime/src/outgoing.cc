// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/src/outgoing.h"

#include <memory>
#include <utility>

#include "broker-bridge/daemon/random.h"
#include "schemas/codec.h"
#include "schemas/signing.h"

namespace estop::agent {

using schemas::Address;
using schemas::IntentFlag;

namespace {

constexpr std::size_t kSecretWords = 4;
constexpr std::size_t kIdHex = 20;  // 80 bits
constexpr std::size_t kSmallReply_bytes = 4 * 1024;

Bytes random_bytes() {
  Bytes bytes;
  for (std::size_t i = 0; i < kSecretWords; ++i) {
    const std::uint64_t word = daemon::random_number();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  return bytes;
}

}  // namespace

Outgoing::Outgoing(Link& link, const Standing& standing, Requests& requests,
                   std::size_t under_way_max, Hooks hooks)
    : link_(link),
      standing_(standing),
      requests_(requests),
      under_way_max_(under_way_max),
      hooks_(std::move(hooks)),
      secret_(random_bytes()) {}

// `<instance>-<80 bits>`: unique, and not to be guessed.
std::string Outgoing::next_id() {
  const auto hash = schemas::sha256(secret_ + std::to_string(++ids_));
  return link_.identity().instance.text() + '-' + schemas::hex(hash).substr(0, kIdHex);
}

Result<Outgoing::Made> Outgoing::make(std::uint64_t caller, std::string_view to,
                                      std::string_view action, std::string_view payload,
                                      std::uint32_t flags, Millis ttl) {
  auto receiver = Address::parse(to);
  if (!receiver) return tl::make_unexpected(receiver.error());
  auto checked = schemas::Action::parse(action);
  if (!checked) return tl::make_unexpected(checked.error());
  if (payload.size() > schemas::kPayloadMax_bytes) {
    return fail(Errc::kTooLarge, "a payload has at most 256 KiB");
  }
  const auto life = standing_.life();
  if (auto may = standing_.may_act(caller); !may) {
    return tl::make_unexpected(may.error());
  }
  if (under_way_.load() >= under_way_max_) {
    return fail(Errc::kOverLimit, "too many intents of this agent are under way");
  }
  const auto& self = link_.identity();
  Made made{life.number,
            next_id(),
            *receiver,
            self.subjects.intent(self.address, self.instance, *receiver, *checked),
            {}};
  schemas::IntentHead head;
  head.id = made.id;
  head.incarnation = life.incarnation;
  head.ttl_ms = static_cast<std::uint32_t>(ttl.count());
  head.flags = flags;
  head.payload = payload;
  if (has(flags, IntentFlag::kRequest)) head.reply_instance = self.instance.text();
  auto frame = schemas::encode_intent(head);
  if (!frame) return tl::make_unexpected(frame.error());
  made.frame = std::move(*frame);
  return made;
}

// The flag, the life and the lease are looked at once more, on the thread that hears of kills
// (H21): what was handed on before a stop does not leave after it.
Result<void> Outgoing::publish(const Made& intent) {
  if (auto may = standing_.may_act(intent.life); !may) return may;
  if (!link_.connection().publish(intent.subject, intent.frame)) {
    return tl::make_unexpected(link_.refusal(intent.frame.size()));
  }
  ++sent_;
  return {};
}

Result<std::string> Outgoing::send(std::uint64_t caller, std::string_view to,
                                   std::string_view action, std::string_view payload) {
  auto made = make(caller, to, action, payload, 0, Millis{0});
  if (!made) return tl::make_unexpected(made.error());
  std::string id = made->id;
  ++under_way_;
  const bool posted = link_.post([this, intent = std::move(*made)] {
    --under_way_;
    if (auto out = publish(intent); !out) hooks_.refused({intent.id, out.error()});
  });
  if (posted) return id;
  --under_way_;
  return fail(Errc::kNoContact, kLeft);
}

Result<void> Outgoing::request(std::uint64_t caller, std::string_view to, std::string_view action,
                               std::string_view payload, Millis timeout, Requests::Done done) {
  if (timeout <= Millis{0} || timeout > std::chrono::hours{24}) {
    return fail(Errc::kBadArgument, "a request's timeout is between 1 ms and 24 h");
  }
  auto made =
      make(caller, to, action, payload, static_cast<std::uint32_t>(IntentFlag::kRequest), timeout);
  if (!made) return tl::make_unexpected(made.error());
  ++under_way_;
  const BootTime deadline = link_.now() + timeout;
  auto finish = [this, done = std::move(done)](Result<Bytes> result) {
    --under_way_;
    done(std::move(result));
  };
  const bool posted =
      link_.post([this, deadline, intent = std::move(*made), finish = std::move(finish)]() mutable {
        if (auto out = publish(intent); !out) return finish(tl::make_unexpected(out.error()));
        requests_.add(intent.id, intent.to, deadline, std::move(finish));
        link_.wake_at(deadline);
      });
  if (posted) return {};
  --under_way_;
  return fail(Errc::kNoContact, kLeft);
}

// A reply is an intent like any other: it passes the gate, under the incarnation of the life in
// which the request was handled.
void Outgoing::reply(const Delivery& delivery, Result<Bytes> result) {
  if (!delivery.intent.wants_reply || delivery.from_instance.empty()) return;
  if (result && result->size() > schemas::kPayloadMax_bytes) {
    result = fail(Errc::kTooLarge, "the handler's reply has more than 256 KiB");
  }
  const auto life = standing_.life();
  const auto action = schemas::Action::parse(delivery.intent.action);
  if (life.number != delivery.life || !action) {
    ++replies_lost_;  // of an ended life
    return;
  }
  const Bytes payload = result ? std::move(*result) : to_string(result.error());
  schemas::IntentHead head;
  head.id = delivery.intent.id;
  head.incarnation = life.incarnation;
  head.trace = delivery.intent.trace;
  head.flags = static_cast<std::uint32_t>(IntentFlag::kReply) |
               (result ? 0U : static_cast<std::uint32_t>(IntentFlag::kFailed));
  head.payload = std::string_view(payload).substr(0, schemas::kPayloadMax_bytes);
  head.reply_instance = delivery.from_instance;
  const auto& self = link_.identity();
  auto frame = schemas::encode_intent(head);
  if (!frame) {  // cannot be: all of it came with the request, which was read
    return lose_reply({life.number, delivery.intent.id, delivery.from, {}, {}}, frame.error());
  }
  Made made{life.number, delivery.intent.id, delivery.from,
            self.subjects.intent(self.address, self.instance, delivery.from, *action),
            std::move(*frame)};
  std::shared_ptr<Delivery> asked;  // for a small answer in the place of one that does not fit
  if (made.frame.size() > kSmallReply_bytes) {
    asked = std::make_shared<Delivery>(delivery);
    asked->intent.payload.clear();
  }
  const bool posted = link_.post([this, asked, intent = std::move(made)] {
    auto out = publish(intent);
    if (out) return;
    if (asked && out.error().code == Errc::kTooLarge) {
      return reply(*asked, fail(Errc::kTooLarge, "the handler's reply: " + out.error().detail));
    }
    lose_reply(intent, out.error());
  });
  if (!posted) ++replies_lost_;
}

// A stopped agent's replies are meant to be lost; those of a running one are a fault to hear of.
void Outgoing::lose_reply(const Made& reply, const Error& why) {
  ++replies_lost_;
  if (!standing_.acts(reply.life)) return;
  hooks_.reply_lost(
      {why.code, "the reply " + reply.id + " to " + reply.to.text() + " is lost: " + why.detail});
}

void Outgoing::count(AgentStats& stats) const {
  stats.sent = sent_.load();
  stats.replies_lost = replies_lost_.load();
}

}  // namespace estop::agent
