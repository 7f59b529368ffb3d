// SPDX-License-Identifier: Apache-2.0

// The hash that chains the audit.
//
// Canonical bytes of a row, in this order, integers big-endian, every text and `prev` behind its
// length in four bytes:
//   "estop-audit-1" · number (8 bytes) · at_ms (8 bytes) · kind · actor · subject · op_id · detail
//   · prev
// The lengths make the bytes unambiguous: no two different rows have the same.
#pragma once

#include <cstdint>

#include "control/recorder/rows.h"

namespace estop::control {

// The end of a chain: the number and hash of its newest row; number 0 and a zero hash: nothing yet.
struct ChainHead {
  std::uint64_t number = 0;
  schemas::Hash hash{};
  friend bool operator==(const ChainHead&, const ChainHead&) = default;
};

// SHA-256 of the canonical bytes; `row.hash` is not part of them.
[[nodiscard]] schemas::Hash audit_hash(const AuditRow& row);

}  // namespace estop::control
