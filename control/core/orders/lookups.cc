// SPDX-License-Identifier: Apache-2.0
#include "control/core/orders/lookups.h"

#include <iterator>
#include <utility>

#include "control/core/orders/op_table.h"

namespace estop::control {

namespace {

constexpr std::uint64_t kLookup_us = 250'000;
constexpr std::uint64_t kLookAgain_us = 1'000'000;  // after a failure, for what bridges hold
constexpr std::size_t kParkedMax = 1'024;

}  // namespace

// The op id itself, and the one under which control would have written a kill of it.
std::vector<std::string> Lookups::forgotten(const std::string& op_id,
                                            const schemas::Scope& scope) const {
  std::vector<std::string> found;
  for (const std::string& each : {op_id, own_op_id(op_id, scope, 0)}) {
    if (ledger_.may_be_forgotten(each)) found.push_back(each);
  }
  return found;
}

template <class One>
bool Lookups::park(const One& asked, const std::vector<std::string>& op_ids, Turn& turn) {
  if (asked.is_looked_up || op_ids.empty() || parked_.size() >= kParkedMax) return false;
  const std::uint64_t lookup = ++lookups_;
  for (const std::string& op_id : op_ids) turn.out.push_back(FindOrder{lookup, op_id});
  parked_.emplace(lookup, Parked{asked, op_ids.size(), turn.now.boot_us + kLookup_us});
  return true;
}

bool Lookups::park(const CommandReceived& asked, const OrderRequest& kill, Turn& turn) {
  return park(asked, forgotten(kill.op_id, kill.scope), turn);
}

bool Lookups::park(const CommandReceived& asked, const ResumeCommand& resume, Turn& turn) {
  std::vector<std::string> op_ids;
  if (ledger_.may_be_forgotten(resume.order.op_id)) op_ids.push_back(resume.order.op_id);
  for (const std::string& kill : resume.lifts) {
    if (ledger_.may_be_forgotten(kill)) op_ids.push_back(kill);
  }
  return park(asked, op_ids, turn);
}

bool Lookups::park(const EmergencyReceived& asked, Turn& turn) {
  const schemas::Record& kill = asked.order.kill.record;
  return park(asked, forgotten(kill.op_id, kill.scope()), turn);
}

bool Lookups::asks_of_held(const schemas::Record& kill, Turn& turn) {
  const auto op_ids = forgotten(kill.op_id, kill.scope());
  if (asked_of_held_us_ != 0 && turn.now.boot_us >= asked_of_held_us_ + kLookup_us) {
    failed_us_ = turn.now.boot_us;
    asked_of_held_us_ = 0;
  }
  const bool has_failed = failed_us_ != 0 && turn.now.boot_us < failed_us_ + kLookAgain_us;
  if (op_ids.empty() || has_failed) return false;
  if (asked_of_held_us_ == 0) asked_of_held_us_ = turn.now.boot_us;
  for (const std::string& op_id : op_ids) turn.out.push_back(FindOrder{0, op_id});
  return true;
}

std::vector<Lookups::Asked> Lookups::answered(const OrderFound& told, Turn& turn) {
  if (told.lookup == 0) asked_of_held_us_ = 0;
  if (!told.found) {
    failed_us_ = turn.now.boot_us;
    return take(told.lookup);
  }
  if (*told.found) ledger_.recall(**told.found);
  if (!*told.found) ledger_.never_used(told.op_id);
  const auto parked = parked_.find(told.lookup);
  const bool is_last = parked != parked_.end() && --parked->second.open == 0;
  return is_last ? take(told.lookup) : std::vector<Asked>{};
}

std::vector<Lookups::Asked> Lookups::take(std::uint64_t lookup) {
  std::vector<Asked> taken;
  auto parked = parked_.extract(lookup);
  if (parked.empty()) return taken;
  std::visit([](auto& each) { each.is_looked_up = true; }, parked.mapped().asked);
  taken.push_back(std::move(parked.mapped().asked));
  return taken;
}

std::vector<Lookups::Asked> Lookups::expired(const Turn& turn) {
  std::vector<Asked> found;
  while (!parked_.empty() && turn.now.boot_us >= parked_.begin()->second.until_us) {
    failed_us_ = turn.now.boot_us;
    auto one = take(parked_.begin()->first);
    found.insert(found.end(), std::make_move_iterator(one.begin()),
                 std::make_move_iterator(one.end()));
  }
  return found;
}

}  // namespace estop::control
