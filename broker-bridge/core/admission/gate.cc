// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/admission/gate.h"
#include "schemas/invariant.h"

#include <algorithm>
#include <array>
#include <set>

namespace estop::bridge {

using schemas::Errc;

namespace {

// An address and an instance as one key, without an allocation. Both obey the grammar, so they fit.
class InstanceKey {
 public:
  InstanceKey(std::string_view address, std::string_view instance) {
    auto end = std::copy(address.begin(), address.end(), text_.begin());
    *end++ = '.';
    end = std::copy(instance.begin(), instance.end(), end);
    size_ = static_cast<std::size_t>(end - text_.begin());
  }
  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }

 private:
  std::array<char, 256> text_;
  std::size_t size_ = 0;
};

HeldKill* first_kill(const Node* node) noexcept {
  for (; node != nullptr; node = node->parent) {
    if (node->kills != nullptr) return node->kills;
  }
  return nullptr;
}

std::uint64_t newest_resume(const Node* node) noexcept {
  std::uint64_t newest = 0;
  for (; node != nullptr; node = node->parent) newest = std::max(newest, node->incarnation);
  return newest;
}

}  // namespace

Node* Gate::sender_node(const schemas::IntentSubject& parts) {
  if (Node* known = tree_.find(parts.sender_instance); known != nullptr) return known;
  if (tree_.size() >= options_.nodes_max) return nullptr;
  Node& agent = tree_.make(parts.sender);
  if (agent.instances >= options_.instances_max && !tree_.drop_idle_instances(agent)) {
    return nullptr;
  }
  return &tree_.make(parts.sender_instance);
}

Node& Gate::receiver_node(const schemas::IntentSubject& parts, std::string_view to_instance) {
  if (!to_instance.empty()) {
    Node* known = tree_.find(InstanceKey(parts.receiver, to_instance).view());
    if (known != nullptr) return *known;
  }
  if (Node* known = tree_.find(parts.receiver); known != nullptr) return *known;
  if (receivers_ >= options_.receivers_max || tree_.size() >= options_.nodes_max) {
    return tree_.nearest(parts.receiver);
  }
  ++receivers_;
  return tree_.make(parts.receiver);
}

Verdict Gate::decide(const schemas::IntentSubject& parts, const schemas::IntentHead& head) {
  Verdict verdict;
  Node* known_sender = sender_node(parts);
  verdict.sender = known_sender != nullptr ? known_sender : &tree_.nearest(parts.sender_instance);
  verdict.sender->used = true;
  const bool reply = has(head.flags, schemas::IntentFlag::kReply);
  verdict.receiver = &receiver_node(parts, reply ? head.reply_instance : std::string_view{});
  verdict.incarnation = newest_resume(verdict.sender);

  if (HeldKill* kill = first_kill(verdict.sender); kill != nullptr) {
    ++kill->refused;
    verdict.cause = kill;
    verdict.code = Errc::kSenderKilled;
  } else if (kill = first_kill(verdict.receiver); kill != nullptr) {
    ++kill->refused;
    verdict.cause = kill;
    verdict.code = Errc::kReceiverKilled;
  } else if (head.incarnation != verdict.incarnation) {
    const bool old = head.incarnation < verdict.incarnation;
    verdict.code = old ? Errc::kOldIncarnation : Errc::kNoContact;
  } else {
    verdict.code = known_sender != nullptr ? Errc::kOk : Errc::kOverLimit;
  }
  return verdict;
}

// Both chains end in the fleet: what they share is counted once.
void Gate::count_forward(const Verdict& verdict) {
  for (Node* node = verdict.sender; node != nullptr; node = node->parent) ++node->forwarded;
  Node* other = verdict.sender;
  for (Node* node = verdict.receiver; node != nullptr; node = node->parent) {
    while (other->kind > node->kind) other = other->parent;
    if (other == node) return;
    ++node->forwarded;
  }
}

bool Gate::must_not_pass(const schemas::IntentSubject& parts, std::string_view to_instance) const {
  if (kills_.size() == 0) return false;
  if (kills_.covers(parts.sender_instance)) return true;
  if (to_instance.empty()) return kills_.covers(parts.receiver);
  return kills_.covers(InstanceKey(parts.receiver, to_instance).view());
}

Latched Gate::kill(const schemas::Record& record) {
  if (lifted_.contains(record.op_id, record.scope())) return Latched::kLifted;
  if (HeldKill* known = kills_.find(record.op_id, record.scope()); known != nullptr) {
    // Committed, or adopted by a new leader: the newest place in the log is the one to tell.
    known->latch.seq = std::max(known->latch.seq, record.seq);
    return Latched::kAgain;
  }
  Node& node = tree_.make(record.scope().tokens());
  HeldKill** last = &node.kills;
  while (*last != nullptr) last = &(*last)->next;
  *last = &kills_.add({{schemas::latch_of(record)}, node.forwarded, 0, &node, nullptr});
  return Latched::kNew;
}

Latched Gate::commit(const schemas::Record& record) {
  lifted_.remove(record.op_id, record.scope());
  const Latched latched = kill(record);
  HeldKill* known = kills_.find(record.op_id, record.scope());
  known->epoch = record.epoch;
  known->latch.seq = record.seq;
  known->given = record.kill().given_as;
  return latched;
}

void Gate::begin(const schemas::LogState& state) {
  std::set<const HeldKill*> goes_on;
  for (const auto& [scope, kills] : state.kills()) {
    for (const auto& [place, kill] : kills) {
      commit(kill.record);
      goes_on.insert(find(kill.record));
    }
  }
  for (const HeldKill* held : kills_.all()) {
    if (held->epoch != 0 && !goes_on.contains(held)) release(*held);
  }
  for (const auto& [scope, incarnation] : state.lives()) {
    Node& node = tree_.make(schemas::Scope::parse(scope)->tokens());
    node.incarnation = std::max(node.incarnation, incarnation);
  }
}

std::size_t Gate::committed() const {
  const auto all = kills_.all();
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const HeldKill* held) { return held->epoch != 0; }));
}

void Gate::unlatch(const schemas::Record& record) {
  if (const auto* known = kills_.find(record.op_id, record.scope()); known != nullptr) {
    release(*known);
  }
}

bool Gate::resume(const schemas::Resume& resume, std::uint64_t issued_at_ms) {
  const schemas::Head& place = resume.through.place;
  if (place.seq != 0) {
    const auto stand = kills_.through_place(resume.scope, place);
    if (schemas::through(place, {stand.begin(), stand.end()}) != resume.through) return false;
  }
  // What it names may come late, as a repeated order: it is over.
  for (const std::string& op_id : resume.lifts) lifted_.add(op_id, resume.scope, issued_at_ms);
  for (const HeldKill* kill : kills_.lifted_by(resume)) {
    lifted_.add(kill->latch.op_id, resume.scope, issued_at_ms);
    if (!kill->given.empty()) lifted_.add(kill->given, resume.scope, issued_at_ms);
    release(*kill);
  }
  Node& node = tree_.make(resume.scope.tokens());
  node.incarnation = std::max(node.incarnation, resume.incarnation);
  return true;
}

const HeldKill* Gate::find(const schemas::Record& kill) const {
  return kills_.find(kill.op_id, kill.scope());
}

std::uint64_t Gate::forwarded(const schemas::Scope& scope) const {
  const Node* node = tree_.find(scope.tokens());
  return node == nullptr ? 0 : node->forwarded;
}

std::uint64_t Gate::incarnation(const schemas::Scope& scope) const {
  return newest_resume(&tree_.nearest(scope.tokens()));
}

void Gate::release(const HeldKill& kill) {
  HeldKill** at = &kill.node->kills;
  while (*at != nullptr && *at != &kill) at = &(*at)->next;
  schemas::ensure(*at == &kill, "a kill that ends hangs at its node");
  *at = kill.next;
  kills_.remove(kill);
}

}  // namespace estop::bridge
