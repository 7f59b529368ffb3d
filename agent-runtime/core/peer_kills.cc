// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/core/peer_kills.h"

#include <algorithm>

namespace estop::agent {

void PeerKills::killed(const schemas::Record& record, BootTime now) {
  forget(now);
  if (Kill* known = kills_.find(record.op_id, record.scope()); known != nullptr) {
    known->epoch = record.epoch;
    known->latch.seq = record.seq;
    return;
  }
  if (by_age_.size() >= kills_max_) forget_oldest();
  by_age_.push_back(&kills_.add(
      {{schemas::latch_of(record), record.epoch, record.kill().given_as}, now + window_}));
}

void PeerKills::resumed(const schemas::Resume& resume) {
  for (const Kill* lifted : kills_.lifted_by(resume)) {
    kills_.find(lifted->latch.op_id, resume.scope)->incarnation_min = resume.incarnation;
  }
}

bool PeerKills::admits(const schemas::Address& sender, std::string_view instance,
                       std::uint64_t incarnation, BootTime now) {
  if (by_age_.empty()) return true;
  forget(now);
  std::string tokens = sender.tokens();
  if (!instance.empty()) tokens.append(".").append(instance);
  const auto kills = kills_.covering(tokens);
  return std::none_of(kills.begin(), kills.end(),
                      [&](const Kill* kill) { return incarnation < kill->incarnation_min; });
}

void PeerKills::forget(BootTime now) {
  while (!by_age_.empty() && now >= by_age_.front()->until) forget_oldest();
}

void PeerKills::forget_oldest() {
  kills_.remove(*by_age_.front());
  by_age_.pop_front();
}

}  // namespace estop::agent
