// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/contact/uncommitted_kills.h"

#include <utility>

#include "schemas/codec.h"

namespace estop::bridge {

void UncommittedKills::begin(const schemas::LeaseFrame& frame) {
  if (std::exchange(round_, frame.round) != frame.round) told_.clear();
}

void UncommittedKills::add(const schemas::Hash& kill, const schemas::LeaseFrame& frame) {
  // One more than control says is as wrong as many.
  if (told_.size() <= frame.uncommitted_count) told_.push_back(kill);
}

bool UncommittedKills::are_all(const schemas::LeaseFrame& frame) const {
  return told_.size() == frame.uncommitted_count &&
         schemas::digest_of(told_) == frame.uncommitted_digest;
}

}  // namespace estop::bridge
