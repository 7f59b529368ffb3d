// SPDX-License-Identifier: Apache-2.0

// A line for the audit as the modules give it: its detail is a value. The recorder keeps it as the
// text of a JSON object (control/json/audit_text.h).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "control/core/now.h"
#include "control/core/replies.h"
#include "schemas/record.h"

namespace estop::control {

struct NoDetail {};
// One text. `name` is a literal.
struct OneText {
  const char* name = "";
  std::string text{};
};
// An order and its reason.
struct OrderGiven {
  schemas::Record record;
};
// A kill that control adopted from a bridge or from its former log.
struct KillAdopted {
  std::string from;
  schemas::Record kill;
};
// A record that the stream held and the recorder did not.
struct SeenInStream {
  std::uint64_t seq = 0;
};
struct CredentialsWithdrawn {
  std::size_t credentials = 0;
  std::string reason{};
};
struct InstanceStopped {
  std::uint64_t cancelled = 0;  // handlers
  std::uint64_t dropped = 0;    // intents
  std::uint64_t us = 0;
};
// Lines of one kind that were counted instead of written.
struct MoreOfIt {
  std::uint64_t more = 0;
  std::uint64_t in_s = 0;
};
using AuditDetail = std::variant<NoDetail, OneText, OrderGiven, KillAdopted, SeenInStream, Gathered,
                                 StoppedSoFar, CredentialsWithdrawn, InstanceStopped, MoreOfIt>;

struct AuditLine {
  std::string kind;
  std::string actor;
  std::string subject{};
  std::string op_id{};
  AuditDetail detail{};
  std::uint64_t at_ms = 0;
};

inline AuditLine audit_line(Now now, std::string kind, std::string actor, std::string subject = {},
                            std::string op_id = {}, AuditDetail detail = {}) {
  return {std::move(kind),  std::move(actor),  std::move(subject),
          std::move(op_id), std::move(detail), now.wall_ms};
}

}  // namespace estop::control
