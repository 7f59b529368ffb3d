// SPDX-License-Identifier: Apache-2.0

// What an operator can ask for, read and checked (control/json/commands.h).
//
// A kill is refused only if its scope is unclear. Whatever else is missing, unknown, of another
// type or out of range is ignored or put in range, with a note to its operator, and it acts.
// Everything else is strict: a misspelt field of a resume could widen what it lifts.
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
  kOpened = 16,    // resume: every bridge lets the scope through again, and the runtimes are told
  kRevoked = 32,   // kill: the broker has closed the killed addresses' connections for good
  kApproved = 64,  // by a second operator, where one is asked for
};
using StageSet = std::uint8_t;
[[nodiscard]] constexpr StageSet bit(Stage stage) noexcept {
  return static_cast<StageSet>(stage);
}
[[nodiscard]] std::string_view name(Stage stage) noexcept;

inline constexpr std::uint32_t kWait_ms = 15'000;
inline constexpr std::uint32_t kWaitMax_ms = 600'000;

// What the two orders share.
struct OrderRequest {
  schemas::Scope scope;
  std::string reason;
  std::string op_id;   // empty: control makes one
  StageSet wait = 0;   // the answer stream ends when these are reached
  StageSet never = 0;  // of these, what cannot be reached: it is named at the end, not waited for
  std::uint32_t timeout_ms = kWait_ms;
};
struct KillCommand {
  OrderRequest order;
  schemas::KillMode mode = schemas::KillMode::kGrace;
  std::uint32_t grace_ms = schemas::kGrace_ms;
  bool revoke = false;             // withdraw the credentials, too, once the fence holds
  std::vector<std::string> notes;  // what is not as it was asked for, a sentence each
};
struct ResumeCommand {
  OrderRequest order;
  // Without both: every kill of exactly that scope.
  std::vector<std::string> lifts;
  schemas::Through through{};
};
// The second operator's word: the order as he has seen it, so that his signature is under it.
struct ApproveCommand {
  OrderRequest order;  // op id and scope of what waits; his own reason
  schemas::RecordKind kind = schemas::RecordKind::kResume;
  std::vector<std::string> lifts;
  schemas::Through through{};
};
struct PsCommand {
  schemas::Scope filter;  // the fleet: everybody
  bool wide = false;      // with the counters of the last beat
  // Only the kills that a resume of exactly this scope is about, and how many instances they hold.
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
// Cuts away what of the audit was exported.
struct CutCommand {
  CutRequest request;  // without its actor and time
};
struct RevokeCommand {
  std::string who;                 // an address, or the name of an operator, viewer or bridge
  std::vector<std::string> users;  // only these keys (`U…`); empty: all of them
  std::string reason;
  bool check = false;  // only says whether it would: nothing is done
};

using Command = std::variant<KillCommand, ResumeCommand, ApproveCommand, PsCommand, GetCommand,
                             StatusCommand, AuditCommand, VerifyCommand, CutCommand, RevokeCommand>;

}  // namespace estop::control
