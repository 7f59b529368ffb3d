// SPDX-License-Identifier: Apache-2.0

// The one error vocabulary of Estop: numbered codes, a sentence each, and Result<T>.
//
// A code is part of the wire format (refusal headers, replies, command answers) and of the command
// line's output. Numbers are never reused. `status(code)`, the number without its last digit, is
// the HTTP-like class that NATS service clients know (header `Nats-Service-Error-Code`).
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace estop::schemas {

enum class Errc : std::uint16_t {
  kOk = 0,
  kBadAddress = 4000,        // not `org/workspace/name` in the allowed characters
  kBadScope = 4001,          // not a scope that a kill or resume can name
  kMissingReason = 4002,     // kill and resume need a reason
  kBadArgument = 4003,       // any other value that is out of its range
  kUnauthenticated = 4010,   // no or wrong credential
  kSenderKilled = 4030,      // the sender is under a kill
  kActionDenied = 4031,      // the action is not allowed
  kNotPermitted = 4032,      // the credential does not allow this
  kBadSignature = 4033,      // not signed by the key that it should be
  kNotFound = 4040,          // nobody of that name has ever announced itself
  kReceiverKilled = 4090,    // the receiver is under a kill
  kReceiverPaused = 4091,    // the receiver is paused
  kVersionConflict = 4092,   // checkpoint compare-and-set: somebody wrote a newer version
  kNotKilled = 4093,         // resume of a scope that is not under a kill
  kEffectAmbiguous = 4094,   // an effect was begun and never finished: a person must decide
  kLogConflict = 4095,       // the control log moved on: the compare-and-set append failed
  kOldIncarnation = 4100,    // sent by a life that ended: announce anew
  kTooLarge = 4130,          // more bytes than the limit
  kMalformed = 4220,         // not a valid message of its kind
  kUnknownVersion = 4221,    // a version that this part does not understand
  kTrailingBytes = 4222,     // bytes after the end of the message
  kTooDeep = 4223,           // nested deeper than the limit
  kTooMany = 4224,           // more elements than the limit, or than bytes that could hold them
  kDuplicateKey = 4225,      // the same key twice in one map
  kUnknownType = 4226,       // a record kind or operation that this part does not understand
  kChainBroken = 4227,       // a record does not follow the one before it
  kOverLimit = 4290,         // too many, too fast: retry later
  kInternal = 5000,          // a defect in Estop: please report it
  kNoContact = 5030,         // no lease, not connected, not started: nothing may pass
  kStoreUnavailable = 5031,  // SQLite or the stream cannot take it now
  kTimeout = 5040,           // no answer in time
};

struct Error {
  Errc code = Errc::kInternal;
  std::string detail = {};  // for people: what was wrong and what to do; never parsed

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Errc code, std::string detail = {}) {
  return tl::make_unexpected(Error{code, std::move(detail)});
}

// Passes the error of a failed call on, as the caller's result.
template <class T>
tl::unexpected<Error> passed_on(const Result<T>& failed) {
  return tl::make_unexpected(failed.error());
}

// "sender-killed" for kSenderKilled. "unknown-error" for a number that is not in the enum.
[[nodiscard]] std::string_view name(Errc code) noexcept;
// One sentence for people, without a full stop.
[[nodiscard]] std::string_view sentence(Errc code) noexcept;
// 403 for kSenderKilled.
[[nodiscard]] constexpr int status(Errc code) noexcept {
  return static_cast<int>(code) / 10;
}
// The enum member with this number, or kInternal: a number from the wire is never cast unchecked.
[[nodiscard]] Errc errc_from_number(std::uint64_t number) noexcept;
// "4030 sender-killed: <detail or sentence>"
[[nodiscard]] std::string to_string(const Error& error);

std::ostream& operator<<(std::ostream& out, Errc code);
std::ostream& operator<<(std::ostream& out, const Error& error);

}  // namespace estop::schemas
