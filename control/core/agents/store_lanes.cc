// SPDX-License-Identifier: Apache-2.0
#include "control/core/agents/store_lanes.h"

#include <iterator>

namespace estop::control {

namespace {

std::size_t bytes_of(const WaitingStore& asked) {
  return asked.subject.size() + asked.reply.size() + asked.data.size();
}

}  // namespace

StoreLanes::Taken StoreLanes::take(std::string_view address, WaitingStore asked,
                                   std::uint64_t now_us) {
  auto found = lanes_.find(address);
  if (found == lanes_.end()) found = lanes_.try_emplace(std::string(address), options_).first;
  Lane& lane = found->second;
  const std::size_t bytes = bytes_of(asked);
  const bool is_full = lane.queue.size() >= options_.waiting_max ||
                       lane.queued_bytes + bytes > options_.waiting_max_bytes ||
                       waiting_bytes_ + bytes > options_.all_waiting_max_bytes;
  if (is_full) return lane.refusals.take(1, now_us) ? Taken::kRefused : Taken::kDropped;
  lane.queue.push_back(std::move(asked));
  lane.queued_bytes += bytes;
  waiting_bytes_ += bytes;
  ++waiting_;
  pump(lane, now_us);
  return Taken::kYes;
}

void StoreLanes::ended(std::string_view address, std::size_t bytes, std::uint64_t now_us) {
  const auto found = lanes_.find(address);
  if (found == lanes_.end()) return;
  Lane& lane = found->second;
  if (lane.in_flight > 0) --lane.in_flight;
  lane.bytes.charge(static_cast<double>(bytes));
  pump(lane, now_us);
}

void StoreLanes::pump(Lane& lane, std::uint64_t now_us) {
  while (!lane.queue.empty() && lane.in_flight < options_.in_flight_max &&
         !lane.bytes.in_debt(now_us)) {
    const WaitingStore next = std::move(lane.queue.front());
    lane.queue.pop_front();
    const std::size_t bytes = bytes_of(next);
    lane.queued_bytes -= bytes;
    waiting_bytes_ -= bytes;
    --waiting_;
    lane.bytes.charge(static_cast<double>(bytes));
    ++lane.in_flight;
    if (!begin_(next)) --lane.in_flight;
  }
}

void StoreLanes::tick(std::uint64_t now_us) {
  for (auto at = lanes_.begin(); at != lanes_.end();) {
    Lane& lane = at->second;
    pump(lane, now_us);
    const bool rests = lane.queue.empty() && lane.in_flight == 0 && lane.bytes.is_full(now_us) &&
                       lane.refusals.is_full(now_us);
    at = rests ? lanes_.erase(at) : std::next(at);
  }
}

}  // namespace estop::control
