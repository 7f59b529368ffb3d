// SPDX-License-Identifier: Apache-2.0
#include "control/core/latches.h"

#include <algorithm>
#include <array>

namespace estop::control {

namespace {

// The scopes of "org.workspace.name.instance", widest first, as slices of it; the last may be
// missing.
std::array<std::string_view, 5> chain_of(std::string_view whole) {
  std::array<std::string_view, 5> chain{};  // chain[0], the fleet, stays empty
  std::size_t end = 0;
  for (std::size_t depth = 1; depth < chain.size() && end != std::string_view::npos; ++depth) {
    end = whole.find('.', end == 0 ? 0 : end + 1);
    chain[depth] = whole.substr(0, end);
  }
  return chain;
}

std::string whole_name(const schemas::Address& address, std::string_view instance) {
  std::string whole = address.tokens();
  if (!instance.empty()) whole.append(".").append(instance);
  return whole;
}

}  // namespace

void Latches::kill(const schemas::SignedRecord& kill, std::uint64_t now_us) {
  const schemas::Record& record = kill.record;
  const auto [known, is_new] = by_op_.emplace(record.op_id, record.scope.tokens());
  auto& kills = by_scope_[known->second];  // an op id has one scope
  if (is_new) {
    kills.push_back(
        {schemas::latch_of(record), record.grace_ms, now_us, kill.frame, record.target});
    return;
  }
  for (HeldKill& held : kills) {
    if (held.latch.op_id != record.op_id || held.latch.scope != record.scope) continue;
    held.latch.seq = record.seq;
    held.frame = kill.frame;
  }
}

void Latches::resume(const schemas::Record& record) {
  for (const std::string& op_id : record.lifts) {
    const auto found = by_op_.find(op_id);
    if (found == by_op_.end() || found->second != record.scope.tokens()) continue;
    const auto scope = by_scope_.find(found->second);
    std::erase_if(scope->second, [&](const HeldKill& held) { return held.latch.op_id == op_id; });
    if (scope->second.empty()) by_scope_.erase(scope);
    by_op_.erase(found);
  }
  auto& incarnation = incarnations_[record.scope.tokens()];
  incarnation = std::max(incarnation, record.incarnation);
  newest_ = std::max(newest_, record.incarnation);
}

const HeldKill* Latches::find(std::string_view op_id) const {
  const auto found = by_op_.find(std::string(op_id));
  if (found == by_op_.end()) return nullptr;
  const auto& kills = by_scope_.at(found->second);
  const auto held = std::find_if(kills.begin(), kills.end(),
                                 [&](const HeldKill& kill) { return kill.latch.op_id == op_id; });
  return held == kills.end() ? nullptr : &*held;
}

std::vector<const HeldKill*> Latches::covering(const schemas::Address& address,
                                               std::string_view instance, std::size_t max) const {
  std::vector<const HeldKill*> found;
  if (by_scope_.empty()) return found;
  const std::string whole = whole_name(address, instance);
  const auto chain = chain_of(whole);
  for (std::size_t depth = chain.size(); depth-- > 0;) {
    if (depth > 0 && chain[depth].empty()) continue;
    const auto kills = by_scope_.find(chain[depth]);
    if (kills == by_scope_.end()) continue;
    for (const HeldKill& held : kills->second) {
      if (found.size() < max) found.push_back(&held);
    }
  }
  return found;
}

const HeldKill* Latches::narrowest(const schemas::Address& address,
                                   std::string_view instance) const {
  if (by_scope_.empty()) return nullptr;
  const std::string whole = whole_name(address, instance);
  const auto chain = chain_of(whole);
  for (std::size_t depth = chain.size(); depth-- > 0;) {
    if (depth > 0 && chain[depth].empty()) continue;
    const auto kills = by_scope_.find(chain[depth]);
    if (kills != by_scope_.end()) return &kills->second.front();
  }
  return nullptr;
}

const std::vector<HeldKill>& Latches::exactly(const schemas::Scope& scope) const {
  static const std::vector<HeldKill> kNone;
  const auto found = by_scope_.find(scope.tokens());
  return found == by_scope_.end() ? kNone : found->second;
}

std::vector<const HeldKill*> Latches::wider_than(const schemas::Scope& scope) const {
  std::vector<const HeldKill*> found;
  for (const auto& [tokens, kills] : by_scope_) {
    const schemas::Scope& wider = kills.front().latch.scope;
    if (wider == scope || !wider.covers(scope)) continue;
    for (const HeldKill& held : kills) found.push_back(&held);
  }
  return found;
}

std::vector<const HeldKill*> Latches::all() const {
  std::vector<const HeldKill*> found;
  for (const auto& [tokens, kills] : by_scope_) {
    for (const HeldKill& held : kills) found.push_back(&held);
  }
  return found;
}

std::uint64_t Latches::incarnation(const schemas::Address& address,
                                   std::string_view instance) const {
  if (incarnations_.empty()) return 0;
  const std::string whole = whole_name(address, instance);
  std::uint64_t newest = 0;
  std::size_t depth = 0;
  for (const std::string_view scope : chain_of(whole)) {
    if (depth++ > 0 && scope.empty()) continue;
    const auto found = incarnations_.find(std::string(scope));
    if (found != incarnations_.end()) newest = std::max(newest, found->second);
  }
  return newest;
}

}  // namespace estop::control
