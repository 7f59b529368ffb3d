// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/kills/sightings.h"

#include "broker-bridge/core/kills/kill_key.h"

namespace estop::bridge {

using schemas::Record;

namespace {

constexpr std::size_t kHeldInBeatMax_bytes = schemas::kControlMessageMax_bytes / 2;
constexpr std::size_t kRecentMax = 256;

}  // namespace

void Sightings::add(const schemas::SignedRecord& seen, Nanos now) {
  held_.insert_or_assign(key_of(seen.record), seen);
  if (recent_.size() >= kRecentMax) recent_.erase(recent_.begin());
  recent_.push_back({seen.record, now});
}

void Sightings::forget(const Record& kill) {
  held_.erase(key_of(kill));
  std::erase_if(recent_, [&](const Sighting& seen) { return seen.kill == kill; });
}

void Sightings::committed(const Record& kill) {
  held_.erase(key_of(kill));
  // Written under an op id of control's own: what this bridge holds as given is that kill.
  held_.erase(key_of(kill.kill().given_as, kill.scope()));
}

void Sightings::lifted(const Gate& gate) {
  std::erase_if(held_, [&](const auto& held) { return gate.find(held.second.record) == nullptr; });
}

std::vector<schemas::Bytes> Sightings::frames() const {
  std::vector<schemas::Bytes> shown;
  std::size_t bytes = 0;
  for (const auto& [key, kill] : held_) {
    if ((bytes += kill.frame.size()) > kHeldInBeatMax_bytes) break;
    shown.push_back(kill.frame);
  }
  return shown;
}

std::vector<Record> Sightings::recent(Nanos now) const {
  std::vector<Record> kills;
  for (const Sighting& seen : recent_) {
    if (now - seen.at < kRecent) kills.push_back(seen.kill);
  }
  return kills;
}

}  // namespace estop::bridge
