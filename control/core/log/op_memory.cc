// SPDX-License-Identifier: Apache-2.0
#include "control/core/log/op_memory.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace estop::control {
namespace {

// The places of an op id in the filter.
std::array<std::size_t, 4> places_of(const std::string& op_id) {
  const std::uint64_t first = std::hash<std::string>{}(op_id);
  const std::uint64_t step = (first * 0x9E37'79B9'7F4A'7C15ULL >> 20) | 1U;
  std::array<std::size_t, 4> places{};
  for (std::size_t i = 0; i < places.size(); ++i) {
    places[i] = static_cast<std::size_t>((first + i * step) % kForgottenOps_bits);
  }
  return places;
}

}  // namespace

const OpState* OpMemory::find(const std::string& op_id) const {
  const auto found = ops_.find(op_id);
  return found == ops_.end() ? nullptr : &found->second.state;
}

OpState* OpMemory::find(const std::string& op_id) {
  return const_cast<OpState*>(std::as_const(*this).find(op_id));
}

void OpMemory::ended(const std::string& op_id) {
  const auto found = ops_.find(op_id);
  if (found == ops_.end() || std::exchange(found->second.has_ended, true)) return;
  ended_.push_back(op_id);
}

void OpMemory::forget(std::size_t most) {
  for (; most > 0 && ended_.size() > ended_max_; --most) {
    const std::string op_id = std::move(ended_.front());
    ended_.pop_front();
    forgotten(op_id);
    ops_.erase(op_id);
  }
}

void OpMemory::forgotten(const std::string& op_id) {
  if (forgotten_.empty()) forgotten_.resize(kForgottenOps_bits);
  for (const std::size_t place : places_of(op_id)) forgotten_[place] = true;
  std::erase(unused_, op_id);  // it was used since the recorder said so
}

bool OpMemory::may_be_forgotten(const std::string& op_id) const {
  if (forgotten_.empty() || ops_.contains(op_id)) return false;
  const auto places = places_of(op_id);
  const bool is_there = std::all_of(places.begin(), places.end(),
                                    [this](std::size_t place) { return forgotten_[place]; });
  return is_there && std::find(unused_.begin(), unused_.end(), op_id) == unused_.end();
}

void OpMemory::recall(const std::string& op_id, OpState state) {
  if (!ops_.try_emplace(op_id, Op{std::move(state)}).second) return;
  ended(op_id);
}

void OpMemory::never_used(const std::string& op_id) {
  unused_.push_back(op_id);
  if (unused_.size() > kUnusedOpsKept) unused_.pop_front();
}

}  // namespace estop::control
