// SPDX-License-Identifier: Apache-2.0
#include "control/core/log/feed.h"

namespace estop::control {

void Feed::on(const AuditWritten& tail, Turn& turn) {
  for (const AuditRow& row : tail.rows) turn.publish(row.entry, row.number);
}

void Feed::on(const AuditUnwritten& line, Turn& turn) {
  turn.publish(line.entry);
}

void publish_unless_stored(const AuditEntry& order, const Ledger& ledger, Turn& turn) {
  if (!ledger.recorder_healthy()) turn.publish(order);
}

}  // namespace estop::control
