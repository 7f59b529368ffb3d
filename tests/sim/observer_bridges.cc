// SPDX-License-Identifier: Apache-2.0

// What bridges may do: I1 to I7 and I10 of the hazards, at every intent that passes.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schemas/codec.h"
#include "schemas/order.h"
#include "tests/sim/observer.h"

namespace estop::sim {

using schemas::Errc;
using schemas::RecordKind;

namespace {

constexpr Nanos kSlowClock = 102;  // percent: a lease of a clock that is 1 % slow, and rounding

bool is_before(const schemas::Head& head, const schemas::Head& than) {
  return std::pair(head.epoch, head.seq) < std::pair(than.epoch, than.seq);
}

bool is_fork(const schemas::Head& a, const schemas::Head& b) {
  return a.epoch == b.epoch && a.seq == b.seq && a.hash != b.hash;
}

}  // namespace

void Observer::bridge_began(const std::string& id) {
  bridges_[id] = {};
  bridges_[id].began = ground_.stamp();
  named_.erase(id);
}

void Observer::beat_sent(const std::string& id, std::uint64_t nonce, Nanos boot_now) {
  bridges_[id].beats[nonce] = boot_now;
}

std::string Observer::log_delivered(const std::string& id, std::string_view frame) {
  BridgeLife& life = bridges_[id];
  const auto record = schemas::open_record(frame);
  if (!record) {
    if (!schemas::is_signed_record(frame, settings_.control_key)) return {};
    life.must_alarm = life.must_be_shut.empty();
    life.must_be_shut = "it was given an order that it does not understand";
    return {};
  }
  if (!record->record.is<schemas::Kill>()) return {};
  const bool good = schemas::verify_record(*record, settings_.control_key);
  return latched_on_sight(life, record->record.op_id, good);
}

std::string Observer::emergency_delivered(const std::string& id, std::string_view actor,
                                          std::string_view frame) {
  const auto order = schemas::open_order(frame);
  if (!order || order->kill.record.actor.name != actor) return {};
  return latched_on_sight(
      bridges_[id], order->kill.record.op_id,
      schemas::verify_order(*order, settings_.operators_key, settings_.subjects).has_value());
}

std::string Observer::latched_on_sight(BridgeLife& life, const std::string& op_id, bool good) {
  if (!good) return *life.unproved.insert(op_id);
  life.seen.insert(op_id);
  return {};
}

void Observer::disproved(const std::string& id, const std::string& op_id) {
  auto& unproved = bridges_[id].unproved;
  if (const auto one = unproved.find(op_id); one != unproved.end()) unproved.erase(one);
}

void Observer::lease_delivered(const std::string& id, std::string_view bytes) {
  BridgeLife& life = bridges_[id];
  const auto known = signed_.find(bytes);
  if (known == signed_.end()) return;  // forged
  const schemas::LeaseFrame& frame = known->second.frame;
  if (frame.term < life.term) return;
  life.term = frame.term;
  life.knows_until = std::max(life.knows_until, known->second.signed_at);
  if (is_before(frame.head, life.head) || is_fork(frame.head, life.head)) {
    checked("I4");
    life.must_alarm = life.must_be_shut.empty();
    life.must_be_shut = "the log went back";
    return;
  }
  life.head = frame.head;
  life.told = frame;
}

void Observer::left_group(const std::string& id) {
  BridgeLife& life = bridges_[id];
  life.lease_until = 0;  // what was asked for before counts no more
  life.beats.clear();
}

void Observer::closed_for_good(const std::string& id, const std::string& why) {
  bridges_[id].must_be_shut = why;
}

void Observer::bridge_looked_at(const std::string& id, const schemas::Head& applied, bool alarmed) {
  BridgeLife& life = bridges_[id];
  if (is_before(applied, life.applied) || is_fork(applied, life.applied)) {
    fail("I4", fmt::format("{} went back from {} to {}", id, life.applied.seq, applied.seq));
  }
  life.applied = applied;
  if (std::exchange(life.must_alarm, false) && !alarmed) {
    fail("I4", fmt::format("{} raises no alarm though {}", id, life.must_be_shut));
  }
  const auto told = std::exchange(life.told, {});
  if (!told || told->head != applied) return;
  for (const schemas::Grant& grant : told->grants) {
    const auto beat = life.beats.find(grant.nonce);
    if (grant.bridge != id || beat == life.beats.end()) continue;
    life.lease_until = std::max(life.lease_until, beat->second + settings_.bridge_lease);
  }
}

void Observer::receipt_sent(const std::string& id, const schemas::BridgeReceipt& receipt) {
  BridgeLife& life = bridges_[id];
  if (receipt.kind == RecordKind::kResume) {
    checked("I3");
    if (truth_.resume(receipt.op_id) == nullptr) {
      fail("I3",
           fmt::format("{} applied {}, which is not committed and durable", id, receipt.op_id));
    }
    return;
  }
  const Kill* kill = truth_.find(receipt.op_id);
  if (kill == nullptr || kill->resumed || !life.confirmed.insert(receipt.op_id).second) return;
  checked("counts");
  // A bridge counts replies to an instance only once it has heard that instance itself.
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  for (const Passed& one : life.passed) {
    const bool from = kill->covers(one.sender, one.instance);
    const bool to = kill->covers(one.receiver, one.receiver_instance);
    most += from || to ? 1 : 0;
    least += from || kill->covers(one.receiver, {}) ? 1 : 0;
  }
  if (least <= receipt.forwarded_before && receipt.forwarded_before <= most) return;
  fail("counts", fmt::format("{} says that {} intents passed before {}, but it were {} to {}", id,
                             receipt.forwarded_before, receipt.op_id, least, most));
}

// --- An intent passes ---

bool Observer::must_obey(const BridgeLife& life, const Kill& kill) const {
  if (life.seen.contains(kill.op_id) || life.confirmed.contains(kill.op_id)) return true;
  if (!kill.known) return false;
  const Nanos bound = settings_.bridge_lease * kSlowClock / 100;
  return kill.stamp < life.knows_until || ground_.timeline.now() > kill.since + bound;
}

void Observer::forwarded(const std::string& id, const Message& intent, const std::string& subject,
                         Nanos boot_now) {
  BridgeLife& life = bridges_[id];
  ++forwards_;
  const auto parts = settings_.subjects.parse_intent(intent.subject);
  const auto head = schemas::decode_intent(intent.data);
  if (!parts || !head) fail("I10", id + " forwarded what is no intent");
  const bool is_reply = has(head->flags, schemas::IntentFlag::kReply);
  const Passed passed{std::string(parts->sender), std::string(parts->instance),
                      std::string(parts->receiver),
                      is_reply ? std::string(head->reply_instance) : std::string()};
  checked("I5");
  if (boot_now >= life.lease_until) fail("I5", id + " forwards without a lease");
  if (!life.must_be_shut.empty()) fail("I4", id + " forwards though " + life.must_be_shut);
  check_kills(id, life, passed, head->incarnation);
  check_origin(intent, passed, subject);
  life.passed.push_back(passed);
  ++forwards_of_[passed.instance];
}

void Observer::check_kills(const std::string& id, BridgeLife& life, const Passed& intent,
                           std::uint64_t incarnation) {
  const std::uint64_t newest = truth_.incarnation(intent.sender, intent.instance);
  if (incarnation > newest) fail("I3", fmt::format("{} lets a life pass that nobody gave", id));
  const auto who = [&](const Kill& kill) {
    return fmt::format("{} forwards {}@{} → {} under {} of {}", id, intent.sender, intent.instance,
                       intent.receiver, kill.op_id, kill.scope.text());
  };
  for (const auto& [op_id, kill] : truth_.kills()) {
    const bool from = kill.covers(intent.sender, intent.instance);
    if (!from && !kill.covers(intent.receiver, intent.receiver_instance)) continue;
    if (!must_obey(life, kill)) continue;
    if (kill.resumed) {
      checked("I6");
      if (from && incarnation < kill.incarnation)
        fail("I6", who(kill) + ", sent before its resume");
      continue;
    }
    const bool promised = life.confirmed.contains(op_id) || life.seen.contains(op_id);
    fail(promised ? "I1" : "I2", who(kill));
  }
}

// The sender is who the broker says, and nothing was changed on the way.
void Observer::check_origin(const Message& intent, const Passed& parts,
                            const std::string& subject) {
  checked("I10");
  std::string expected;
  const auto sent = settings_.subjects.parse_intent(intent.subject);
  if (parts.receiver_instance.empty()) {
    settings_.subjects.deliver(*sent, expected);
  } else {
    const auto head = schemas::decode_intent(intent.data);
    settings_.subjects.reply(*sent, parts.receiver_instance, head->id, expected);
  }
  if (subject != expected) fail("I10", subject + " is not where " + expected + " goes");
}

// Rule 12: a refusal names a kill that was ordered and covers one of the two.
void Observer::refused(const std::string& id, const Message& intent, Errc code,
                       const std::string& text) {
  if (code != Errc::kSenderKilled && code != Errc::kReceiverKilled) return;
  checked("refusals");
  const auto parts = settings_.subjects.parse_intent(intent.subject);
  const auto names = [&](const std::string& op_id) {
    return text.find("(op " + op_id + ")") != std::string::npos;
  };
  const auto& unproved = bridges_[id].unproved;
  if (std::any_of(unproved.begin(), unproved.end(), names)) return;
  for (const auto& [op_id, kill] : truth_.kills()) {
    const bool named = names(op_id);
    if (named && (kill.covers(parts->sender, parts->instance) ||
                  kill.scope.covers(*schemas::Address::from_tokens(parts->receiver)) ||
                  kill.scope.kind() == schemas::Scope::Kind::kInstance)) {
      return;
    }
  }
  fail("refusals", fmt::format("{} refuses and names no kill: {}", id, text));
}

// At the broker. A receipt is a barrier: what its bridge forwarded came before it. What a bridge
// without a receipt had written came before control counted its lease down, or never.
void Observer::check_arrival(const Message& message, const schemas::DeliverSubject& parts) {
  const std::string& from = message.from->name;  // bridge-<id>-agents
  const std::size_t id_at = from.find('-') + 1;
  const BridgeLife& life = bridges_[from.substr(id_at, from.rfind('-') - id_at)];
  for (const auto& [op_id, kill] : truth_.kills()) {
    if (kill.resumed || !(kill.covers(parts.sender, {}) || kill.covers(parts.receiver, {})))
      continue;
    checked("I1");
    const auto fail_with = [&](const char* what) {
      fail("I1", fmt::format("{} → {} {} of {}", parts.sender, parts.receiver, what, op_id));
    };
    if (life.promised.contains(op_id) && message.stamp > life.began) {
      fail_with("reaches the broker after its bridge's receipt");
    }
    if (kill.fenced) fail_with("reaches the broker after the fence");
  }
}

void Observer::accepted(const Message& message) {
  if (const auto parts = settings_.subjects.parse_deliver(message.subject)) {
    check_arrival(message, *parts);
  }
  if (const auto bridge = settings_.subjects.parse_receipt(message.subject)) {
    BridgeLife& life = bridges_[std::string(*bridge)];
    const auto receipt = schemas::read_receipt(message.data);
    const bool is_own = message.stamp > life.began;  // and not of a life before, from a cut link
    if (receipt && is_own) life.promised.insert(receipt->op_id);
  }
  constexpr std::string_view kAgent = "agent-";
  if (!message.from->name.starts_with(kAgent)) return;
  const std::string_view address = std::string_view(message.from->name).substr(kAgent.size());
  const std::size_t kind = message.subject.find('.', message.subject.find('.') + 1);
  if (message.subject.compare(kind + 1, address.size(), address) == 0) return;
  fail("I10", message.from->name + " speaks for somebody else on " + message.subject);
}

}  // namespace estop::sim
