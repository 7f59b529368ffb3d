// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <ostream>

#include <fmt/format.h>

#include "schemas/result.h"

namespace estop::schemas {
namespace {

struct Row {
  Errc code;
  std::string_view name;
  std::string_view sentence;
};

constexpr std::array kRows{
    Row{Errc::kOk, "ok", "done"},
    Row{Errc::kBadAddress, "bad-address", "this is not an address or name that Estop allows"},
    Row{Errc::kBadScope, "bad-scope", "this is not a scope that can be killed or resumed"},
    Row{Errc::kMissingReason, "missing-reason", "a kill and a resume need a reason"},
    Row{Errc::kBadArgument, "bad-argument", "a value is missing or out of its range"},
    Row{Errc::kUnauthenticated, "unauthenticated", "the credential is missing or wrong"},
    Row{Errc::kSenderKilled, "sender-killed", "the sender is under a kill"},
    Row{Errc::kActionDenied, "action-denied", "the action is not allowed"},
    Row{Errc::kNotPermitted, "not-permitted", "the credential does not allow this"},
    Row{Errc::kBadSignature, "bad-signature", "the signature is not that of the part it claims"},
    Row{Errc::kNotFound, "not-found", "nobody of that name has ever announced itself"},
    Row{Errc::kReceiverKilled, "receiver-killed", "the receiver is under a kill"},
    Row{Errc::kReceiverPaused, "receiver-paused", "the receiver is paused"},
    Row{Errc::kVersionConflict, "version-conflict", "somebody stored a newer version"},
    Row{Errc::kNotKilled, "not-killed", "there is no kill of exactly this scope to lift"},
    Row{Errc::kEffectAmbiguous, "effect-ambiguous",
        "the effect was begun and never finished: a person must find out whether it happened"},
    Row{Errc::kLogConflict, "log-conflict", "the control log moved on in the meantime"},
    Row{Errc::kOldIncarnation, "old-incarnation",
        "sent by a life that a kill ended: announce anew"},
    Row{Errc::kTooLarge, "too-large", "more bytes than the limit"},
    Row{Errc::kMalformed, "malformed", "these bytes are not the message they should be"},
    Row{Errc::kUnknownVersion, "unknown-version", "a version that this part does not understand"},
    Row{Errc::kTrailingBytes, "trailing-bytes", "there are bytes after the end of the message"},
    Row{Errc::kTooDeep, "too-deep", "nested deeper than the limit"},
    Row{Errc::kTooMany, "too-many", "more elements than the limit or than the bytes could hold"},
    Row{Errc::kDuplicateKey, "duplicate-key", "the same key stands twice in one map"},
    Row{Errc::kUnknownType, "unknown-type", "a kind that this part does not understand"},
    Row{Errc::kChainBroken, "chain-broken", "the record does not follow the one before it"},
    Row{Errc::kOverLimit, "over-limit", "too many or too fast: retry later"},
    Row{Errc::kInternal, "internal", "a defect in Estop: please report it"},
    Row{Errc::kNoContact, "no-contact", "no contact with control or the broker: nothing may pass"},
    Row{Errc::kStoreUnavailable, "store-unavailable", "the durable store cannot take it now"},
    Row{Errc::kTimeout, "timeout", "no answer in time"},
};

const Row* find(Errc code) noexcept {
  for (const Row& row : kRows) {
    if (row.code == code) return &row;
  }
  return nullptr;
}

}  // namespace

std::string_view name(Errc code) noexcept {
  const Row* row = find(code);
  return row != nullptr ? row->name : "unknown-error";
}

std::string_view sentence(Errc code) noexcept {
  const Row* row = find(code);
  return row != nullptr ? row->sentence : "an error number that this version does not know";
}

Errc errc_from_number(std::uint64_t number) noexcept {
  for (const Row& row : kRows) {
    if (static_cast<std::uint64_t>(row.code) == number) return row.code;
  }
  return Errc::kInternal;
}

std::string to_string(const Error& error) {
  return fmt::format("{} {}: {}", static_cast<int>(error.code), name(error.code),
                     error.detail.empty() ? sentence(error.code) : error.detail);
}

std::ostream& operator<<(std::ostream& out, Errc code) {
  return out << name(code);
}
std::ostream& operator<<(std::ostream& out, const Error& error) {
  return out << to_string(error);
}

}  // namespace estop::schemas
