// SPDX-License-Identifier: Apache-2.0

// What a process finds around it, in place of the libraries estop_log and estop_random: its log is
// seen by the simulation, and its chance comes from the seed.
#include <string_view>

#include "broker-bridge/daemon/log.h"
#include "broker-bridge/daemon/random.h"
#include "tests/sim/process.h"

namespace estop::daemon {

// As they are: nobody reads these as JSON.
LogField::LogField(std::string_view key, std::string_view value) : key_(key), json_(value) {}
LogField::LogField(std::string_view key, double value) : key_(key), json_(std::to_string(value)) {}

void log_event(LogLevel level, std::string_view event, LogFields fields) {
  sim::Process::running().logs(level, event, fields);
}

std::uint64_t random_number() {
  return sim::Process::running().ground().random.next();
}

std::string random_name(std::size_t letters) {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string name;
  while (name.size() < letters) name += kAlphabet[random_number() % kAlphabet.size()];
  return name;
}

}  // namespace estop::daemon
