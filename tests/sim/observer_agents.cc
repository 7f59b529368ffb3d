// SPDX-License-Identifier: Apache-2.0

// What obedient agents may do, and what is kept for them.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tests/sim/observer.h"

namespace estop::sim {

namespace {

constexpr Nanos kSlowestClock = 102;  // percent

// For a life that a resume gave.
bool is_over(const Kill& kill, std::uint64_t incarnation) {
  return kill.resumed && incarnation >= kill.incarnation;
}

}  // namespace

void Observer::agent_began(const schemas::Address& /*address*/, const schemas::Instance& instance) {
  agents_[instance.text()] = {};
}

void Observer::agent_beat_sent(const schemas::Instance& instance, std::uint64_t nonce,
                               Nanos boot_now) {
  agents_[instance.text()].beats[nonce] = boot_now;
}

void Observer::beat_answered(const schemas::Instance& instance, const schemas::BeatReply& reply,
                             std::string_view subject) {
  AgentLife& life = agents_[instance.text()];
  const auto beat = life.beats.find(reply.nonce);
  if (beat == life.beats.end()) return;
  if (reply.code == schemas::Errc::kOk) {
    life.lease_until = std::max(life.lease_until, beat->second + settings_.agent_lease);
  }
  life.beats.erase(life.beats.begin(), std::next(beat));
  for (const schemas::Latch& latch : reply.latches) {
    life.seen[latch.op_id] = ground_.stamp();
    life.let_go.erase(latch.op_id);
  }
  if (const auto at = answered_.find(subject); at != answered_.end()) {
    life.knows_until = std::max(life.knows_until, at->second);
  }
}

// I12: what was acknowledged before the question is handed back, in that version or a later one.
void Observer::hello_answered(const schemas::Address& address, const schemas::HelloReply& reply,
                              std::uint64_t asked_at) {
  if (reply.code != schemas::Errc::kOk) return;
  for (const Stored& stored : checkpoints_) {
    if (stored.address != address.tokens() || stored.stamp > asked_at) continue;
    checked("I12");
    const bool listed = std::any_of(
        reply.checkpoints.begin(), reply.checkpoints.end(),
        [&](const auto& one) { return one.key == stored.key && one.version >= stored.version; });
    if (listed) continue;
    fail("I12", fmt::format("{} lost {} version {}", address.text(), stored.key, stored.version));
  }
}

void Observer::checkpoint_stored(const schemas::Address& address, const std::string& key,
                                 std::uint64_t version) {
  checkpoints_.push_back({address.tokens(), key, version, ground_.stamp()});
}

void Observer::order_verified(const schemas::Instance& instance, const schemas::Record& record) {
  AgentLife& life = agents_[instance.text()];
  if (record.kind != schemas::RecordKind::kKill || life.let_go.contains(record.op_id)) return;
  life.seen[record.op_id] = ground_.stamp();
}

// A kill that control has lost ends with the agent's next resume: nobody lists it. One that is
// adopted after that, or while that resume is on its way, binds like a new one.
bool Observer::has_seen(const AgentLife& life, const Kill& kill) {
  const auto sight = life.seen.find(kill.op_id);
  return sight != life.seen.end() && sight->second > kill.stamp;
}

bool Observer::must_obey(const AgentLife& life, const Kill& kill) const {
  if (!kill.known) return false;
  if (has_seen(life, kill)) return true;
  const Nanos bound = settings_.agent_lease * kSlowestClock / 100;
  return kill.stamp < life.knows_until || ground_.timeline.now() > kill.since + bound;
}

void Observer::work_started(const schemas::Address& address, const schemas::Instance& instance,
                            std::uint64_t incarnation) {
  checked("I3");
  if (incarnation > truth_.incarnation(address.tokens(), instance.text())) {
    fail("I3",
         fmt::format("{}@{} begins a life that nobody gave", address.text(), instance.text()));
  }
  AgentLife& life = agents_[instance.text()];
  std::erase_if(life.seen, [&](const auto& sight) {
    const Kill* kill = truth_.find(sight.first);
    if (kill == nullptr || (kill->known && has_seen(life, *kill))) return false;
    life.let_go.insert(sight.first);
    return true;
  });
  for (const Kill* kill : truth_.covering(address.tokens(), instance.text())) {
    if (!has_seen(life, *kill) || is_over(*kill, incarnation)) continue;
    fail("I2",
         fmt::format("{}@{} works again under {}", address.text(), instance.text(), kill->op_id));
  }
  life.works = true;
  life.incarnation = incarnation;
}

void Observer::agent_sends(const schemas::Address& address, const schemas::Instance& instance,
                           std::uint64_t incarnation, Nanos boot_now) {
  const AgentLife& life = agents_[instance.text()];
  checked("I5");
  if (boot_now >= life.lease_until) {
    fail("I5", fmt::format("{}@{} sends without a lease", address.text(), instance.text()));
  }
  for (const Kill* kill : truth_.covering(address.tokens(), instance.text())) {
    if (!must_obey(life, *kill) || is_over(*kill, incarnation)) continue;
    fail(kill->resumed ? "I6" : "I2",
         fmt::format("{}@{} sends under {}", address.text(), instance.text(), kill->op_id));
  }
}

// Who says that it has stopped does not send in that life; see agent_sends.
void Observer::agent_receipt(const schemas::Address& /*address*/, const schemas::Instance& instance,
                             const schemas::StoppedReceipt& receipt) {
  if (!receipt.grace_exceeded) agents_[instance.text()].stopped.insert(receipt.op_id);
}

}  // namespace estop::sim
