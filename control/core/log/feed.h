// SPDX-License-Identifier: Apache-2.0

// The live feed is the tail of the audit: what the recorder has written comes back as an event and
// is published with its number.
#pragma once

#include "control/core/log/ledger.h"
#include "control/core/turn.h"

namespace estop::control {

class Feed {
 public:
  static void on(const AuditWritten& tail, Turn& turn);
  static void on(const AuditUnwritten& line, Turn& turn);
};

// While the recorder cannot write, an order is not held back from the feed. It comes once more,
// with its number, when it is on the disk. The one that finds out that the disk is full comes then
// only, and nothing comes while the disk hangs: it is not known yet.
void publish_unless_stored(const AuditLine& order, const Ledger& ledger, Turn& turn);

}  // namespace estop::control
