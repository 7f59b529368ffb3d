// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/core/own_kills.h"

#include <algorithm>
#include <utility>

namespace estop::agent {
namespace {

using schemas::Latch;

bool lists(const std::vector<Latch>& latches, const Latch& kill) {
  return std::any_of(latches.begin(), latches.end(), [&](const Latch& latch) {
    return latch.op_id == kill.op_id && latch.scope == kill.scope;
  });
}

OwnKill made(Latch latch, std::uint32_t grace_ms, bool verified, const Sight& sight) {
  if (latch.mode == schemas::KillMode::kNow) grace_ms = 0;
  // A resume may be known that came after this kill in the log: incarnations grow with its places.
  const auto known = latch.seq == 0 ? sight.incarnation : std::min(sight.incarnation, latch.seq);
  return {{std::move(latch)}, grace_ms, sight.at, sight.hello, known, verified, false, false};
}

}  // namespace

std::string OwnKills::key_of(const std::string& op_id, const schemas::Scope& scope) {
  return op_id + ' ' + scope.text();
}

OwnKill* OwnKills::find(const std::string& op_id, const schemas::Scope& scope) {
  const auto found = kills_.find(key_of(op_id, scope));
  return found == kills_.end() ? nullptr : &found->second;
}

void OwnKills::see(const schemas::Record& kill, const Sight& sight) {
  OwnKill seen = made(latch_of(kill), kill.kill().grace_ms, false, sight);
  seen.epoch = kill.epoch;
  kills_.emplace(key_of(kill.op_id, kill.scope()), std::move(seen));
}

void OwnKills::forged(const schemas::Record& order) {
  const auto held = kills_.find(key_of(order.op_id, order.scope()));
  if (held != kills_.end() && !held->second.verified) kills_.erase(held);
}

void OwnKills::adopt(const std::vector<Latch>& latches, const Sight& sight) {
  for (const Latch& latch : latches) {
    const std::string key = key_of(latch.op_id, latch.scope);
    if (const auto known = kills_.find(key); known != kills_.end()) {
      known->second.verified = true;
      continue;
    }
    std::erase(lifted_, key);
    kills_.emplace(key, made(latch, schemas::kGrace_ms, true, sight));
  }
}

void OwnKills::resume(const schemas::Resume& resume) {
  for (const auto& op_id : resume.lifts) {
    if (kills_.contains(key_of(op_id, resume.scope))) continue;
    remember_lifted(op_id, resume.scope);  // so it may come late: it is over
  }
  for (auto& [key, order] : kills_) {
    if (!lifts(resume, order)) continue;
    // It came behind a newer resume: this one's incarnation is enough to end it.
    order.incarnation_at_sight = std::min(order.incarnation_at_sight, resume.incarnation - 1);
  }
}

bool OwnKills::lift(const HelloAnswered& event) {
  const auto& reply = event.reply;
  bool ask_again = false;
  for (auto at = kills_.begin(); at != kills_.end();) {
    const OwnKill& order = at->second;
    const bool asked_before = order.hello_at_sight >= event.number;
    const bool listed = lists(reply.latches, order.latch);
    if (listed || reply.incarnation <= order.incarnation_at_sight || asked_before) {
      ask_again = ask_again || (!listed && asked_before);
      ++at;
      continue;
    }
    remember_lifted(order.latch.op_id, order.latch.scope);
    at = kills_.erase(at);
  }
  return ask_again;
}

bool OwnKills::was_lifted(const std::string& op_id, const schemas::Scope& scope) const {
  return std::find(lifted_.begin(), lifted_.end(), key_of(op_id, scope)) != lifted_.end();
}

void OwnKills::remember_lifted(const std::string& op_id, const schemas::Scope& scope) {
  if (was_lifted(op_id, scope)) return;
  lifted_.push_back(key_of(op_id, scope));
  if (lifted_.size() > lifted_max_) lifted_.pop_front();
}

bool OwnKills::one_is_over(const schemas::BeatReply& reply, BootTime asked_at) const {
  return std::any_of(kills_.begin(), kills_.end(), [&](const auto& entry) {
    return asked_at >= entry.second.seen_at && !lists(reply.latches, entry.second.latch) &&
           reply.incarnation > entry.second.incarnation_at_sight;
  });
}

const OwnKill* OwnKills::first_seen(bool verified_only) const {
  const OwnKill* first = nullptr;
  for (const auto& [key, order] : kills_) {
    if (verified_only && !order.verified) continue;
    if (first == nullptr || order.seen_at < first->seen_at) first = &order;
  }
  return first;
}

}  // namespace estop::agent
