// SPDX-License-Identifier: Apache-2.0

// Invariants that this code itself guarantees, whatever comes from outside. The checks are cheap
// and stay in the release.
#pragma once

namespace estop::schemas {

// Says `what` on standard error and aborts.
[[noreturn]] void broken_invariant(const char* what) noexcept;

// If the invariant is broken, no statement of this process can be trusted, so the process ends:
// bridges close and agents stop when their leases are over. Never for input: bad input gets an
// error.
inline void ensure(bool holds, const char* what) noexcept {
  if (!holds) [[unlikely]]
    broken_invariant(what);
}

}  // namespace estop::schemas
