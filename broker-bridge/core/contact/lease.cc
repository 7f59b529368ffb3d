// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/contact/lease.h"

#include <algorithm>

namespace estop::bridge {

std::uint64_t Lease::beat(Nanos now, bool joining) {
  const std::uint64_t nonce = next_nonce_++;
  sent_[nonce % kRemembered] = Sent{nonce, now, joining};
  return nonce;
}

bool Lease::granted(std::uint64_t nonce) {
  auto& sent = sent_[nonce % kRemembered];
  if (!sent || sent->nonce != nonce) return false;
  until_ = std::max(until_, sent->at + length_);
  const bool joining = sent->joining;
  sent.reset();
  return joining;
}

void Lease::forget() {
  until_ = 0;
  sent_.fill(std::nullopt);
}

}  // namespace estop::bridge
