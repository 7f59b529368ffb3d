// SPDX-License-Identifier: Apache-2.0

// Orders whose op id was used so long ago that only the recorder remembers it. They wait for its
// answer, and not long: a kill that it does not know in time acts, under an op id of its own. An op
// id that was never used waits for nothing.
#include <utility>

#include "control/core/control_core.h"

namespace estop::control {

namespace {

constexpr std::uint64_t kLookup_us = 250'000;
constexpr std::uint64_t kLookAgain_us = 1'000'000;  // after a failure, for what bridges hold
constexpr std::size_t kParkedMax = 1'024;

}  // namespace

// The op id itself, and the one under which control would have written a kill of it.
std::vector<std::string> ControlCore::forgotten(const std::string& op_id,
                                                const schemas::Scope& scope) const {
  std::vector<std::string> found;
  for (const std::string& each : {op_id, own_op_id(op_id, scope, 0)}) {
    if (ledger_.may_be_forgotten(each)) found.push_back(each);
  }
  return found;
}

// True: it waits.
template <class Asked>
bool ControlCore::look_up(const Asked& asked, const std::vector<std::string>& op_ids, Now now,
                          Effects& out) {
  if (asked.is_looked_up || op_ids.empty() || parked_.size() >= kParkedMax) return false;
  const std::uint64_t lookup = ++lookups_;
  for (const std::string& op_id : op_ids) out.push_back(FindOrder{lookup, op_id});
  parked_.emplace(lookup, Parked{asked, op_ids.size(), now.boot_us + kLookup_us});
  return true;
}

bool ControlCore::look_up(const CommandReceived& asked, const KillCommand& kill, Now now,
                          Effects& out) {
  return look_up(asked, forgotten(kill.order.op_id, kill.order.scope), now, out);
}

bool ControlCore::look_up(const CommandReceived& asked, const ResumeCommand& resume, Now now,
                          Effects& out) {
  std::vector<std::string> op_ids;
  if (ledger_.may_be_forgotten(resume.order.op_id)) op_ids.push_back(resume.order.op_id);
  for (const std::string& kill : resume.lifts) {
    if (ledger_.may_be_forgotten(kill)) op_ids.push_back(kill);
  }
  return look_up(asked, op_ids, now, out);
}

bool ControlCore::look_up(const EmergencyReceived& asked, Now now, Effects& out) {
  const schemas::Record& kill = asked.order.kill.record;
  return look_up(asked, forgotten(kill.op_id, kill.scope), now, out);
}

// The bridge shows it again with its next beat. While the recorder does not answer it is adopted as
// it is.
bool ControlCore::look_up_held(const schemas::Record& kill, Now now, Effects& out) {
  const auto op_ids = forgotten(kill.op_id, kill.scope);
  const bool has_failed = lookup_failed_us_ != 0 && now.boot_us < lookup_failed_us_ + kLookAgain_us;
  if (op_ids.empty() || has_failed) return false;
  for (const std::string& op_id : op_ids) out.push_back(FindOrder{0, op_id});
  return true;
}

void ControlCore::on(const OrderFound& told, Now now, Effects& out) {
  tell_line(told, out);
  if (!told.found) {
    lookup_failed_us_ = now.boot_us;
    return go_on(told.lookup, now, out);
  }
  if (*told.found) ledger_.recall(**told.found);
  if (!*told.found) ledger_.never_used(told.op_id);
  const auto parked = parked_.find(told.lookup);
  if (parked != parked_.end() && --parked->second.open == 0) go_on(told.lookup, now, out);
}

void ControlCore::go_on(std::uint64_t lookup, Now now, Effects& out) {
  const auto parked = parked_.extract(lookup);
  if (parked.empty()) return;
  auto& asked = parked.mapped().asked;
  std::visit([](auto& each) { each.is_looked_up = true; }, asked);
  if (const auto* command = std::get_if<CommandReceived>(&asked)) return obey(*command, now, out);
  on(std::get<EmergencyReceived>(asked), now, out);
}

void ControlCore::expire_lookups(Now now, Effects& out) {
  while (!parked_.empty() && now.boot_us >= parked_.begin()->second.until_us) {
    lookup_failed_us_ = now.boot_us;
    go_on(parked_.begin()->first, now, out);
  }
}

}  // namespace estop::control
