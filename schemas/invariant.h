// SPDX-License-Identifier: Apache-2.0

// What this code keeps true by itself, whatever comes from outside: cheap, and checked in the
// release too.
#pragma once

namespace estop::schemas {

// Says `what` on standard error and aborts.
[[noreturn]] void broken_invariant(const char* what) noexcept;

// If it does not hold, nothing that this process says can be believed. It ends: bridges close and
// agents stop when their leases are over. Never for input: that gets an error.
inline void ensure(bool holds, const char* what) noexcept {
  if (!holds) [[unlikely]]
    broken_invariant(what);
}

}  // namespace estop::schemas
