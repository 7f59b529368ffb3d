// SPDX-License-Identifier: Apache-2.0
#include "control/app/options.h"

#include <algorithm>
#include <string_view>

namespace estop::control {

namespace {

constexpr std::uint32_t kBeatsToAnnounce = 2;  // who is not known says hello at its next beat

}  // namespace

CoreOptions core_options(const ControlConfig& config, const ControlIdentity& who,
                         schemas::Process process, std::uint64_t start_us) {
  CoreOptions options;
  options.process = std::move(process);
  options.roster.lease_us = config.bridge_lease_ms * 1'000ULL;
  options.roster.start_us = start_us;
  options.agents.beat_ms = config.agent_beat_ms;
  options.agents.lease_ms = config.agent_lease_ms;
  options.sharing_grace_us =
      std::max(config.sharing_grace_ms, kBeatsToAnnounce * config.agent_beat_ms) * 1'000ULL;
  options.silent_max = config.revoke_silent;
  options.snapshot_every = config.snapshot_every;
  options.lease_every_us = config.bridge_beat_ms * 1'000ULL;
  options.version = ESTOP_VERSION;
  options.operators_key = who.operators_key;
  options.takes_unsigned = config.takes_unsigned;
  const auto asks = [&](std::string_view what) {
    const auto& all = config.second_operator;
    return std::find(all.begin(), all.end(), what) != all.end();
  };
  options.second_for_resume = asks(kSecondForResume);
  options.second_for_fleet_kill = asks(kSecondForFleetKill);
  options.subjects = who.subjects;
  return options;
}

}  // namespace estop::control
