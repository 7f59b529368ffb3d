// SPDX-License-Identifier: Apache-2.0
#include "control/core/roster.h"

#include <algorithm>

namespace estop::control {

using schemas::BridgeState;

namespace {

// Of a lease: the last part, in which a bridge forwards nothing and what it forwarded arrives, or
// is dropped by its kernel (PROTOCOL.md, 5).
constexpr std::uint64_t kArrivalPart = 4;

}  // namespace

void Roster::joined(const BridgeName& name, const schemas::PublicKey& key, bool earlier) {
  Bridge& bridge = bridges_[name];
  bridge.name = name;
  bridge.key = key;
  bridge.joined = true;
  if (!earlier) return;
  bridge.open_until_us =
      std::max(bridge.open_until_us, options_.start_us + options_.lease_us + options_.margin_us);
}

void Roster::left(const BridgeName& name, std::uint64_t now_us) {
  const auto bridge = bridges_.find(name);
  if (bridge == bridges_.end()) return;
  bridge->second.joined = false;
  if (now_us >= bridge->second.open_until_us) bridges_.erase(bridge);
}

Bridge& Roster::heard(const schemas::BridgeBeat& beat, bool trusted, std::uint64_t now_us) {
  const BridgeName name{beat.bridge, beat.process};
  Bridge& bridge = bridges_[name];
  bridge.name = name;
  bridge.heard_us = now_us;
  bridge.beat = beat;
  const bool asks = beat.state == BridgeState::kJoining || beat.state == BridgeState::kOpen;
  bridge.wants_grant = trusted && asks;
  // It forwards no more; what it forwarded may still be on its way, on its other connection.
  if (beat.state == BridgeState::kLeaving) {
    const std::uint64_t arrived_us = now_us + options_.lease_us / kArrivalPart + options_.margin_us;
    bridge.open_until_us = std::min(bridge.open_until_us, arrived_us);
  }
  return bridge;
}

std::vector<schemas::Grant> Roster::grant() {
  std::vector<schemas::Grant> grants;
  for (auto& [name, bridge] : bridges_) {
    if (!bridge.wants_grant || !bridge.joined || bridge.beat.key != bridge.key) continue;
    bridge.wants_grant = false;
    bridge.open_until_us = bridge.heard_us + options_.lease_us + options_.margin_us;
    grants.push_back({name.id, bridge.beat.process, bridge.beat.nonce});
  }
  return grants;
}

bool Roster::beats(const Bridge& bridge, std::uint64_t now_us) const {
  return bridge.heard_us != 0 && bridge.beat.state != BridgeState::kLeaving &&
         now_us < bridge.heard_us + options_.lease_us + options_.margin_us;
}

std::vector<BridgeName> Roster::silent(std::uint64_t now_us) const {
  std::vector<BridgeName> names;
  for (const auto& [name, bridge] : bridges_) {
    const bool is_gone = !beats(bridge, now_us) && now_us >= bridge.open_until_us;
    if (bridge.joined && is_gone) names.push_back(name);
  }
  return names;
}

void Roster::forget_gone(std::uint64_t now_us) {
  std::erase_if(bridges_, [&](const auto& entry) {
    const Bridge& bridge = entry.second;
    return !bridge.joined && !beats(bridge, now_us) && now_us >= bridge.open_until_us;
  });
}

std::vector<BridgeName> Roster::cannot_read(schemas::RecordKind kind) const {
  std::vector<BridgeName> found;
  if (schemas::is_skippable(kind)) return found;
  for (const auto& [name, bridge] : bridges_) {
    const auto& kinds = bridge.beat.reads.kinds;
    const bool reads_it =
        std::find(kinds.begin(), kinds.end(), static_cast<std::uint8_t>(kind)) != kinds.end();
    if (bridge.joined && !reads_it) found.push_back(name);
  }
  return found;
}

std::size_t Roster::maybe_open(std::uint64_t now_us) const {
  return static_cast<std::size_t>(
      std::count_if(bridges_.begin(), bridges_.end(),
                    [&](const auto& entry) { return now_us < entry.second.open_until_us; }));
}

Gathering& Roster::gather(const std::string& op_id, std::uint64_t seq, bool is_kill,
                          std::uint64_t now_us) {
  const auto [place, made] = gatherings_.try_emplace(op_id);
  Gathering& gathering = place->second;
  gathering.seq = seq;
  if (!made) return gathering;
  gathering.op_id = op_id;
  gathering.is_kill = is_kill;
  gathering.started_us = now_us;
  for (const auto& [name, bridge] : bridges_) {
    if (now_us < bridge.open_until_us) gathering.waiting.insert(name);
  }
  finish_if_complete(gathering, now_us);
  return gathering;
}

const Bridge* Roster::awaited(const BridgeName& name, const std::string& op_id) const {
  const auto gathering = gatherings_.find(op_id);
  if (gathering == gatherings_.end() || !gathering->second.waiting.contains(name)) return nullptr;
  const auto bridge = bridges_.find(name);
  return bridge == bridges_.end() ? nullptr : &bridge->second;
}

Gathering* Roster::confirm(const schemas::BridgeReceipt& receipt, std::uint64_t now_us) {
  const BridgeName name{receipt.bridge, receipt.process};
  const auto found = gatherings_.find(receipt.op_id);
  if (found == gatherings_.end() || found->second.waiting.erase(name) == 0) return nullptr;
  Gathering& gathering = found->second;
  gathering.confirmed.insert(name);
  gathering.forwarded_before += receipt.forwarded_before;
  finish_if_complete(gathering, now_us);
  return &gathering;
}

std::vector<std::string> Roster::settle(std::uint64_t now_us) {
  std::vector<std::string> changed;
  for (auto& [op_id, gathering] : gatherings_) {
    const std::size_t before = gathering.waiting.size();
    for (auto name = gathering.waiting.begin(); name != gathering.waiting.end();) {
      const auto bridge = bridges_.find(*name);
      const bool gone = bridge == bridges_.end() || now_us >= bridge->second.open_until_us;
      const bool applied =
          !gone && !gathering.is_kill && bridge->second.beat.applied.seq >= gathering.seq;
      if (gone) gathering.outlived.insert(*name);
      if (applied) gathering.confirmed.insert(*name);
      name = gone || applied ? gathering.waiting.erase(name) : std::next(name);
    }
    if (gathering.waiting.size() == before) continue;
    finish_if_complete(gathering, now_us);
    changed.push_back(op_id);
  }
  return changed;
}

const Gathering* Roster::find(const std::string& op_id) const {
  const auto found = gatherings_.find(op_id);
  return found == gatherings_.end() ? nullptr : &found->second;
}

void Roster::finish_if_complete(Gathering& gathering, std::uint64_t now_us) {
  if (gathering.done_us == 0 && gathering.waiting.empty()) gathering.done_us = now_us;
}

}  // namespace estop::control
