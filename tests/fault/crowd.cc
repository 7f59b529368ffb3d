// SPDX-License-Identifier: Apache-2.0
#include "tests/fault/crowd.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "broker-bridge/daemon/boot_clock.h"

namespace estop::testing {
namespace {

using schemas::Subjects;

constexpr std::uint64_t kToOthersOneIn = 4;
constexpr std::int64_t kOwedMax_ns = 20'000'000;  // a loop that was busy elsewhere sends no storm
constexpr std::int64_t kHelloAgain_ns = 50'000'000;
constexpr nats::Millis kStoreWithin{5'000};
constexpr std::string_view kMark = ".rpc.mark";

const Subjects& wire() {
  static const Subjects all = Subjects::standard();
  return all;
}

const schemas::Action& action() {
  static const auto run = schemas::Action::parse("fault.run").value();
  return run;
}

std::int64_t sent_at(std::string_view payload) {
  std::int64_t at = 0;
  std::from_chars(payload.data(), payload.data() + payload.size(), at);
  return at;
}

std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

std::uint32_t Crowd::party(const std::string& address, const std::string& instance) {
  const auto index = static_cast<std::uint32_t>(history.parties.size());
  history.parties.push_back({schemas::Address::parse(address).value(), instance});
  parties_[instance] = index;
  return index;
}

void Crowd::join(const std::string& address, const std::string& instance) {
  if (!marker_) {
    marker_ = site_.connect(site_.creds(control::ControlRole{}, control::Account::kAgents),
                            wire().own_inbox(schemas::Segment::parse("control").value()));
  }
  const auto made = members_.insert(members_.end(), std::make_unique<Member>());
  Member& member = **made;
  member.party = party(address, instance);
  member.player = &site_.join(address, instance);
  member.incarnation = member.player->hello.incarnation;
  nats::Connection& connection = *member.player->connection;
  // Deliveries before marks: of one read they are handled first, so a mark never comes too early.
  connection.queue_subscribe(wire().deliveries_to(member.player->address),
                             schemas::Segment::parse("agents").value(),
                             [this, &member](const auto& message) { take(member, message); });
  connection.subscribe(wire().inbox_of(member.player->address, member.player->instance),
                       [this, &member](const auto& message) { read_inbox(member, message); });
  connection.flush();
}

Player& Crowd::player(const std::string& address) {
  const auto found = std::find_if(members_.begin(), members_.end(), [&](const auto& member) {
    return member->player->address.text() == address;
  });
  return *(*found)->player;
}

void Crowd::also_to(const std::string& address, std::size_t payload_bytes) {
  others_.push_back({schemas::Address::parse(address).value(), payload_bytes});
}

// --- Load ---

void Crowd::drive(double intents_per_s) {
  rate_ = intents_per_s;
  paid_ns_ = daemon::boot_ns();
  if (!std::exchange(runs_, true)) turn();
}

void Crowd::turn() {
  const std::int64_t now = daemon::boot_ns();
  paid_ns_ = std::max(paid_ns_, now - kOwedMax_ns);
  const auto count = static_cast<std::uint64_t>(static_cast<double>(now - paid_ns_) * rate_ / 1e9);
  if (rate_ <= 0 || count > 0) paid_ns_ = now;
  const std::size_t all = members_.size();
  for (std::uint64_t i = 0; i < count; ++i, ++turns_) {
    const Member& next = *members_[(turns_ + 1 + (turns_ / all) % (all - 1)) % all];
    const bool to_other = !others_.empty() && turns_ % kToOthersOneIn == 0;
    Member& from = *members_[turns_ % all];
    if (to_other) {
      const Other& other = others_[turns_ % others_.size()];
      send(from, other.address, other.payload_bytes);
    } else {
      send(from, next.player->address, kPayload_bytes);
    }
  }
  for (const auto& member : members_) {
    const bool told = member->orders_seen != member->player->orders.size();
    member->orders_seen = member->player->orders.size();
    if (told || member->needs_hello) say_hello(*member);
    member->player->connection->flush();
  }
  timer_.expires_after(std::chrono::milliseconds(1));
  timer_.async_wait([this](auto error) {
    if (!error) turn();
  });
}

void Crowd::send(Member& from, const schemas::Address& to, std::size_t payload_bytes) {
  const Player& sender = *from.player;
  schemas::IntentHead head;
  const std::string id = fmt::format("{}-{}", sender.instance.text(), ++from.numbered);
  std::string payload = std::to_string(daemon::boot_ns()) + ' ';
  payload.resize(payload_bytes, '.');
  head.id = id;
  head.incarnation = from.incarnation;
  head.payload = payload;
  const auto subject = wire().intent(sender.address, sender.instance, to, action());
  if (sender.connection->publish(subject, schemas::encode_intent(head).value())) ++sent;
}

void Crowd::take(Member& to, const nats::MessageView& message) {
  const auto head = schemas::decode_intent(message.data).value();
  const auto dash = head.id.find('-');
  const auto sender = parties_.find(head.id.substr(0, dash));
  if (sender == parties_.end()) return;
  history.deliveries.push_back({sender->second, to.party, number_in(head.id.substr(dash + 1)),
                                head.incarnation, sent_at(head.payload), daemon::boot_ns(),
                                to.mark});
}

void Crowd::read_inbox(Member& member, const nats::MessageView& message) {
  if (message.subject.ends_with(kMark)) {
    member.mark = std::max(member.mark, number_in(message.data));
  } else if (message.subject.find(".refused.") != std::string_view::npos) {
    ++refused;
    // Perhaps a new life has begun and the order that told so was lost.
    if (daemon::boot_ns() - member.hello_ns > kHelloAgain_ns) member.needs_hello = true;
  }
}

void Crowd::say_hello(Member& member) {
  member.hello_ns = daemon::boot_ns();
  member.needs_hello = false;
  schemas::Hello hello;
  hello.key = member.player->key.public_key();
  hello.process = member.player->process;
  hello.host = "here";
  hello.runtime = "crowd/1";
  member.player->connection->request(
      wire().hello(member.player->address, member.player->instance), encode(hello).value(),
      kStoreWithin, [&member](const schemas::Result<nats::MessageView>& answer) {
        if (!answer) return;
        const auto reply = schemas::decode<schemas::HelloReply>(answer->data).value();
        if (reply.code == schemas::Errc::kOk) {
          member.incarnation = std::max(member.incarnation, reply.incarnation);
        }
      });
}

// --- Marks ---

std::uint64_t Crowd::send_mark() {
  ++mark_;
  const auto rpc = schemas::Segment::parse("rpc").value();
  const auto mark = schemas::Segment::parse("mark").value();
  for (const auto& member : members_) {
    const Player& player = *member->player;
    (void)marker_->publish(wire().inbox(player.address, player.instance, rpc, mark),
                           std::to_string(mark_));
  }
  marker_->flush();
  return mark_;
}

bool Crowd::settle(std::chrono::milliseconds patience) {
  std::uint64_t until = send_mark();
  auto again = std::chrono::steady_clock::now();
  return site_.until(
      [&] {
        const auto now = std::chrono::steady_clock::now();
        if (now - again > std::chrono::seconds(1)) {  // one that was lost with a connection
          again = now;
          (void)send_mark();
        }
        return std::all_of(members_.begin(), members_.end(),
                           [&](const auto& member) { return member->mark >= until; });
      },
      patience);
}

std::uint64_t Crowd::incarnation_of_resume(const std::string& killed_op_id) const {
  for (const auto& member : members_) {
    for (const schemas::Record& order : member->player->orders) {
      const auto* resume = std::get_if<schemas::Resume>(&order.body);
      if (resume == nullptr) continue;
      const auto& lifts = resume->lifts;
      const bool is_lifted = std::find(lifts.begin(), lifts.end(), killed_op_id) != lifts.end();
      if (is_lifted) return resume->incarnation;
    }
  }
  return 0;
}

// --- Work that is kept ---

void Crowd::save_work() {
  std::vector<std::string> addresses;
  for (const auto& member : members_) {
    const std::string address = member->player->address.text();
    const bool is_first = std::find(addresses.begin(), addresses.end(), address) == addresses.end();
    addresses.push_back(address);
    if (!is_first || member->is_saving) continue;
    save_checkpoint(*member);
    save_effect(*member);
  }
}

void Crowd::store(Member& member, const schemas::StoreRequest& request, const Answer& answer) {
  member.player->connection->request(
      wire().checkpoint(member.player->address, member.player->instance), encode(request).value(),
      kStoreWithin, [&member, answer](const schemas::Result<nats::MessageView>& reply) {
        member.is_saving = false;
        if (reply) answer(schemas::decode<schemas::StoreReply>(reply->data).value());
      });
}

void Crowd::save_checkpoint(Member& member) {
  const std::string bytes = fmt::format("{} at {}", member.numbered, daemon::boot_ns());
  const Place place{member.player->address.text(), "cursor"};
  member.is_saving = true;
  store(member, {schemas::StoreOp::kPut, place.second, member.version, member.incarnation, bytes},
        [this, &member, place, bytes](const schemas::StoreReply& reply) {
          if (reply.code == schemas::Errc::kVersionConflict) member.version = reply.version;
          if (reply.code == schemas::Errc::kOldIncarnation) member.needs_hello = true;
          if (reply.code != schemas::Errc::kOk) return;
          member.version = reply.version;
          history.saved[place] = {reply.version, bytes};
        });
}

void Crowd::save_effect(Member& member) {
  const Place place{member.player->address.text(), fmt::format("effect-{}", ++member.effects)};
  store(member, {schemas::StoreOp::kEffectBegin, place.second, 0, member.incarnation, ""},
        [this, &member, place](const schemas::StoreReply& begun) {
          if (begun.code != schemas::Errc::kOk || begun.effect != schemas::EffectState::kNone)
            return;
          const std::string outcome = "done by " + member.player->instance.text();
          store(member,
                {schemas::StoreOp::kEffectFinish, place.second, 0, member.incarnation, outcome},
                [this, place, outcome](const schemas::StoreReply& finished) {
                  if (finished.code == schemas::Errc::kOk) history.finished[place] = outcome;
                });
        });
}

}  // namespace estop::testing
