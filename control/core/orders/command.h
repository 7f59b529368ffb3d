// SPDX-License-Identifier: Apache-2.0

// The commands of operators, read and checked (control/json/commands.h).
//
// A kill is refused only if its scope is unclear. Any other value that is missing, unknown, of
// another type or out of range is ignored or put in range, with a note to its operator, and the
// kill acts. Everything else is strict: a misspelt field of a resume could lift more than it
// should.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "control/core/questions/page.h"
#include "control/recorder/rows.h"
#include "schemas/messages.h"
#include "schemas/result.h"

namespace estop::control {

// How far an order has come. Bits of a StageSet.
enum class Stage : std::uint8_t {
  kCommitted = 1,  // in the stream
  kDurable = 2,    // in the recorder's SQLite
  kFenced = 4,     // kill: every bridge that could be open has confirmed or outlived its lease
  kStopped = 8,    // kill: every instance that was alive has confirmed
  kOpened = 16,    // resume: every bridge lets the scope through again, and the runtimes know
  kRevoked = 32,   // kill: the broker has closed the killed addresses' connections for good
  kApproved = 64,  // by a second operator, where one is needed
};
using StageSet = std::uint8_t;
[[nodiscard]] constexpr StageSet bit(Stage stage) noexcept {
  return static_cast<StageSet>(stage);
}
[[nodiscard]] std::string_view name(Stage stage) noexcept;

inline constexpr std::uint32_t kWait_ms = 15'000;
inline constexpr std::uint32_t kWaitMax_ms = 600'000;

// Common to kill and resume.
struct OrderRequest {
  schemas::Scope scope;
  std::string reason;
  std::string op_id;   // empty: control makes one
  StageSet wait = 0;   // the answer stream ends when these are reached
  StageSet never = 0;  // of these, the impossible ones: named at the end, not waited for
  std::uint32_t timeout_ms = kWait_ms;
};
struct KillCommand {
  OrderRequest order;
  schemas::KillMode mode = schemas::KillMode::kGrace;
  std::uint32_t grace_ms = schemas::kGrace_ms;
  bool revoke = false;             // withdraw the credentials, too, once the fence holds
  std::vector<std::string> notes;  // values that control changed, a sentence each
};
struct ResumeCommand {
  OrderRequest order;
  // Without both: every kill of exactly that scope.
  std::vector<std::string> lifts;
  schemas::Through through{};
};
// The second operator's approval: the order as he saw it, so that his signature covers it.
struct ApproveCommand {
  OrderRequest order;  // op id and scope of the waiting order; his own reason
  schemas::RecordKind kind = schemas::RecordKind::kResume;
  std::vector<std::string> lifts;
  schemas::Through through{};
};
struct PsCommand {
  schemas::Scope filter;  // the fleet: everybody
  bool wide = false;      // with the counters of the last beat
  // Only the kills that a resume of exactly this scope is about, and the number of instances that
  // they hold.
  std::optional<schemas::Scope> kills_of{};
  PageRequest page{};
};
struct GetCommand {
  schemas::Address address;
  PageRequest page{};
};
struct StatusCommand {
  PageRequest page{};
};
struct AuditCommand {
  AuditQuery query;
};
struct VerifyCommand {};
// Cuts exported lines of the audit away.
struct CutCommand {
  CutRequest request;  // without its actor and time
};
struct RevokeCommand {
  std::string who;                 // an address, or the name of an operator, viewer or bridge
  std::vector<std::string> users;  // only these keys (`U…`); empty: all of them
  std::string reason;
  bool check = false;  // only checks whether it is allowed: nothing is done
};

using Command = std::variant<KillCommand, ResumeCommand, ApproveCommand, PsCommand, GetCommand,
                             StatusCommand, AuditCommand, VerifyCommand, CutCommand, RevokeCommand>;

}  // namespace estop::control
