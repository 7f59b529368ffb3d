// SPDX-License-Identifier: Apache-2.0

// Orders that carry their own proof: a kill signed by the operator, which bridges obey at once and
// without control, and signed commands.
//
// The proof is the operator's NATS credential. The broker's account key signed the user JWT, which
// names the operator's key and the subjects that it may publish; that key signed the order. All
// functions are pure and thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/messages.h"
#include "schemas/result.h"
#include "schemas/subjects.h"

namespace estop::schemas {

struct SignedOrder {
  SignedRecord kill;  // signed by the operator; its place in the log (epoch, term, seq) is zero
  std::string credential;            // user JWT
  Bytes frame;                       // the whole order, as published
  std::vector<std::string> notes{};  // what settle_kill changed
};

// A kill is refused only if *whom* or *who* is unclear. This function puts every other value in
// range, by one rule for every way on which a kill comes. It cuts a grace over the maximum and a
// reason that is too long, fills in a missing reason, and drops fields of other kinds of records.
// Returns a sentence for each change that the operator should know.
[[nodiscard]] std::vector<std::string> settle_kill(Record& record);

// `kill` is a kKill without a place in the log; `creds_text` is the text of the operator's `.creds`
// file. kBadArgument: the credentials hold no JWT or no seed. Otherwise the error of open_order.
[[nodiscard]] Result<SignedOrder> sign_order(const Record& kill, std::string_view creds_text);

// Decodes without verifying, so that a caller can latch first; `kill.record` is settled.
// kMalformed and its neighbours.
[[nodiscard]] Result<SignedOrder> open_order(std::string_view frame);

// Whether `issuer` (the key of the account that operators belong to) vouches for the order: its
// credential may publish an emergency subject of the kill's actor that reaches its scope, and its
// key signed the kill. The receiver itself has to check how far the subject reaches on which the
// order came. Takes two verifications (350 us). The broker judges the JWT's dates. kBadSignature,
// kNotPermitted.
[[nodiscard]] Result<void> verify_order(const SignedOrder& order, const PublicKey& issuer,
                                        const Subjects& subjects);

// A command with its proof. Commands that open something, or that shut somebody out for good, need
// one.
struct SignedCommand {
  std::string text;        // the command, a JSON object
  std::string credential;  // user JWT
  Signature signature{};
};
[[nodiscard]] bool must_be_signed(std::string_view verb) noexcept;

// The JSON object that is sent instead of `text`. kBadArgument: the credentials hold no JWT or no
// seed.
[[nodiscard]] Result<std::string> sign_command(const Segment& actor, const Segment& verb,
                                               std::string_view text, std::string_view creds_text);
// Decodes without verifying. nullopt: a plain command without a proof. kMalformed: the proof is
// damaged.
[[nodiscard]] Result<std::optional<SignedCommand>> open_command(std::string_view json);
// Who asks, the verb, and how far his credential reaches: as the subject says.
struct Asking {
  Segment actor;
  Segment verb;
  Scope reach{};
};
// As verify_order, for a command. kBadSignature, kNotPermitted.
[[nodiscard]] Result<void> verify_command(const SignedCommand& command, const Asking& asking,
                                          const PublicKey& issuer, const Subjects& subjects);

// Whether the credential of a verified command allows this, too.
[[nodiscard]] bool allows(std::string_view credential, const Asking& asking,
                          const Subjects& subjects);

// kNotPermitted: `reach` does not cover `scope`.
[[nodiscard]] Result<void> check_reach(const Scope& reach, const Scope& scope);

// The user JWT in a `.creds` text. kBadArgument: there is none.
[[nodiscard]] Result<std::string> jwt_from_creds(std::string_view creds_text);
// The account key that issued it. kBadArgument, kMalformed, kBadSignature.
[[nodiscard]] Result<PublicKey> issuer_from_creds(std::string_view creds_text);

// The content of a user JWT. kMalformed, kBadSignature (it is not signed by the issuer that it
// names).
struct Credential {
  PublicKey user{};
  PublicKey issuer{};
  std::vector<std::string> publish;  // subjects that are allowed
};
[[nodiscard]] Result<Credential> read_credential(std::string_view jwt);

}  // namespace estop::schemas
