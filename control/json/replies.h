// SPDX-License-Identifier: Apache-2.0

// Replies to operators, as JSON objects. Field names are part of the protocol (PROTOCOL.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "control/core/audit_line.h"
#include "control/core/replies.h"

namespace estop::control {

// The last answer to a command has "done": true, an error too: {"error":{…},"done":true}.
[[nodiscard]] std::string to_json(const Reply& reply);
inline constexpr std::size_t kWarningsShown = 8;  // of an order; the rest is counted

// A line as the recorder keeps it.
[[nodiscard]] AuditEntry entry_of(const AuditLine& line);
// Lines of the live feed: one of the audit, and one that is in no audit, or not yet.
[[nodiscard]] std::string event_json(const AuditRow& row);
[[nodiscard]] std::string event_json(const AuditLine& line);

}  // namespace estop::control
