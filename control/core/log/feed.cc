// SPDX-License-Identifier: Apache-2.0
#include "control/core/log/feed.h"

namespace estop::control {

void Feed::on(const AuditWritten& tail, Turn& turn) {
  for (const AuditRow& row : tail.rows) turn.publish(row);
}

void Feed::on(const AuditUnwritten& line, Turn& turn) {
  turn.publish(line.line);
}

void publish_unless_stored(const AuditLine& order, const Ledger& ledger, Turn& turn) {
  if (!ledger.recorder_healthy()) turn.publish(order);
}

}  // namespace estop::control
