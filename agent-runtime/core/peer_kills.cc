// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/core/peer_kills.h"

#include <algorithm>

namespace estop::agent {

void PeerKills::killed(const schemas::Record& record, BootTime now) {
  forget(now);
  const bool known = std::any_of(kills_.begin(), kills_.end(), [&](const Kill& kill) {
    return kill.op_id == record.op_id && kill.scope == record.scope;
  });
  if (known) return;
  if (kills_.size() >= kills_max_) kills_.erase(kills_.begin());
  kills_.push_back({record.op_id, record.scope, now + window_});
}

void PeerKills::resumed(const schemas::Record& record) {
  for (Kill& kill : kills_) {
    // Two orders may bear one op id: a resume lifts the one of its own scope.
    const bool lifted =
        kill.scope == record.scope &&
        std::find(record.lifts.begin(), record.lifts.end(), kill.op_id) != record.lifts.end();
    if (lifted) kill.incarnation_min = record.incarnation;
  }
}

bool PeerKills::admits(const schemas::Address& sender, std::string_view instance,
                       std::uint64_t incarnation, BootTime now) {
  if (kills_.empty()) return true;
  forget(now);
  return std::none_of(kills_.begin(), kills_.end(), [&](const Kill& kill) {
    return incarnation < kill.incarnation_min && kill.scope.covers(sender, instance);
  });
}

void PeerKills::forget(BootTime now) {
  std::erase_if(kills_, [now](const Kill& kill) { return now >= kill.until; });
}

}  // namespace estop::agent
