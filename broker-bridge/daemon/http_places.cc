// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/http_places.h"

#include <tuple>

namespace estop::daemon {

HttpPlaces::Verdict HttpPlaces::admit(std::uint64_t id, const std::string& peer, std::int64_t now) {
  Verdict verdict{true, {}};
  const auto own = peers_.find(peer);
  const bool is_own_bound = own != peers_.end() && own->second >= bounds_.per_peer;
  if (is_own_bound || places_.size() >= bounds_.all) {
    verdict.evicted = first_to_go(is_own_bound ? &peer : nullptr);
    verdict.is_admitted = verdict.evicted.has_value();
    if (verdict.evicted) leave(*verdict.evicted);
  }
  if (!verdict.is_admitted) return verdict;
  places_[id] = Place{peer, Phase::kWaiting, now};
  if (!peer.empty()) ++peers_[peer];
  return verdict;
}

void HttpPlaces::enter(std::uint64_t id, Phase phase, std::int64_t now) {
  const auto place = places_.find(id);
  if (place == places_.end()) return;
  place->second.phase = phase;
  place->second.since = now;
}

void HttpPlaces::leave(std::uint64_t id) {
  const auto place = places_.find(id);
  if (place == places_.end()) return;
  const auto peer = peers_.find(place->second.peer);
  if (peer != peers_.end() && --peer->second == 0) peers_.erase(peer);
  places_.erase(place);
}

std::optional<std::uint64_t> HttpPlaces::first_to_go(const std::string* peer) const {
  std::optional<std::uint64_t> found;
  std::tuple<Phase, std::int64_t> first{Phase::kBusy, 0};
  for (const auto& [id, place] : places_) {
    if (place.phase == Phase::kBusy || (peer != nullptr && place.peer != *peer)) continue;
    const std::tuple key{place.phase, place.since};
    if (found && key >= first) continue;
    found = id;
    first = key;
  }
  return found;
}

}  // namespace estop::daemon
