// SPDX-License-Identifier: Apache-2.0
#include "control/core/log/latches.h"

#include <algorithm>

namespace estop::control {

namespace {

std::string whole_name(const schemas::Address& address, std::string_view instance) {
  std::string whole = address.tokens();
  if (!instance.empty()) whole.append(".").append(instance);
  return whole;
}

}  // namespace

void Latches::kill(const schemas::SignedRecord& kill, std::uint64_t now_us) {
  const schemas::Record& record = kill.record;
  if (HeldKill* held = kills_.find(record.op_id, record.scope()); held != nullptr) {
    held->epoch = record.epoch;
    held->latch.seq = record.seq;
    held->frame = kill.frame;
  } else if (kills_.find(record.op_id) == nullptr) {
    kills_.add({{schemas::latch_of(record), record.epoch, record.kill().given_as},
                record.kill().grace_ms,
                now_us,
                kill.frame});
  }
}

void Latches::resume(const schemas::Resume& resume) {
  for (const HeldKill* held : kills_.lifted_by(resume)) kills_.remove(*held);
  auto& incarnation = incarnations_[resume.scope.tokens()];
  incarnation = std::max(incarnation, resume.incarnation);
}

Latches::Kills Latches::covering(const schemas::Address& address, std::string_view instance,
                                 std::size_t max) const {
  return kills_.covering(whole_name(address, instance), max);
}

const HeldKill* Latches::narrowest(const schemas::Address& address,
                                   std::string_view instance) const {
  const auto first = covering(address, instance, 1);
  return first.empty() ? nullptr : first.front();
}

std::uint64_t Latches::incarnation(const schemas::Address& address,
                                   std::string_view instance) const {
  const std::string whole = whole_name(address, instance);
  const schemas::ScopeChain chain(whole);
  std::uint64_t newest = 0;
  for (std::size_t depth = 0; depth < chain.size(); ++depth) {
    const auto found = incarnations_.find(std::string(chain[depth]));
    if (found != incarnations_.end()) newest = std::max(newest, found->second);
  }
  return newest;
}

std::uint64_t Latches::life(const schemas::Scope& scope) const {
  const auto found = incarnations_.find(scope.tokens());
  return found == incarnations_.end() ? 0 : found->second;
}

}  // namespace estop::control
