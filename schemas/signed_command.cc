// SPDX-License-Identifier: Apache-2.0

// Commands that carry their proof. See order.h.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "schemas/order.h"
#include "schemas/signing.h"

namespace estop::schemas {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 4> kSignedVerbs = {"approve", "cut", "resume", "revoke"};
constexpr const char* kText = "command";
constexpr const char* kCredential = "credential";
constexpr const char* kSignature = "signature";

// The verb and the name are in it, so that a signature is good for nothing else.
std::string signed_text(const Segment& actor, const Segment& verb, std::string_view text) {
  std::string made = "estop command 1\n";
  made.append(actor.text()).append(" ").append(verb.text()).append("\n").append(text);
  return made;
}

std::optional<std::string> text_of(const Json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

bool may_ask(const Credential& credential, const Asking& asking, const Subjects& subjects) {
  const std::string exact = subjects.command(asking.actor, asking.verb, asking.reach).str();
  const std::string all = subjects.commands_of(asking.actor).str();
  const auto& allowed = credential.publish;
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& subject) {
    return subject == exact || subject == all;
  });
}

}  // namespace

bool allows(std::string_view credential, const Asking& asking, const Subjects& subjects) {
  const auto read = read_credential(credential);
  return read && may_ask(*read, asking, subjects);
}

Result<void> check_reach(const Scope& reach, const Scope& scope) {
  if (reach.covers(scope)) return {};
  return fail(Errc::kNotPermitted, "the credential reaches " + reach.text() +
                                       " only, and this is about " + scope.text());
}

bool must_be_signed(std::string_view verb) noexcept {
  return std::find(kSignedVerbs.begin(), kSignedVerbs.end(), verb) != kSignedVerbs.end();
}

Result<std::string> sign_command(const Segment& actor, const Segment& verb, std::string_view text,
                                 std::string_view creds_text) {
  auto jwt = jwt_from_creds(creds_text);
  if (!jwt) return tl::make_unexpected(jwt.error());
  const auto key = key_from_creds(creds_text);
  if (!key) return tl::make_unexpected(key.error());
  const Signature signature = key->sign(signed_text(actor, verb, text));
  const std::string_view bytes(reinterpret_cast<const char*>(signature.data()), signature.size());
  return Json{{kText, text}, {kCredential, std::move(*jwt)}, {kSignature, base64url(bytes)}}.dump();
}

Result<std::optional<SignedCommand>> open_command(std::string_view json) {
  // Most commands are not signed, and a kill is in a hurry: those are parsed once, by their reader.
  if (json.find(kSignature) == std::string_view::npos) return std::nullopt;
  const Json object = Json::parse(json, nullptr, false);
  if (!object.is_object() || !object.contains(kSignature)) return std::nullopt;
  auto text = text_of(object, kText);
  auto credential = text_of(object, kCredential);
  const auto letters = text_of(object, kSignature);
  const auto signature = letters ? from_base64url(*letters) : std::nullopt;
  SignedCommand made;
  if (!text || !credential || object.size() != 3 || !signature ||
      signature->size() != made.signature.size()) {
    return fail(Errc::kMalformed,
                "a signed command has the texts 'command', 'credential' and 'signature', 64 bytes "
                "in base64url, and nothing else");
  }
  made.text = std::move(*text);
  made.credential = std::move(*credential);
  std::copy(signature->begin(), signature->end(), made.signature.begin());
  return made;
}

Result<void> verify_command(const SignedCommand& command, const Asking& asking,
                            const PublicKey& issuer, const Subjects& subjects) {
  const auto credential = read_credential(command.credential);
  if (!credential) return tl::make_unexpected(credential.error());
  if (credential->issuer != issuer) {
    return fail(Errc::kBadSignature, "the credential was issued by another account");
  }
  if (!may_ask(*credential, asking, subjects)) {
    return fail(Errc::kNotPermitted, "the credential allows no '" + asking.verb.text() +
                                         "' to operator " + asking.actor.text());
  }
  if (!verify(credential->user, signed_text(asking.actor, asking.verb, command.text),
              command.signature)) {
    return fail(Errc::kBadSignature, "the command is not signed by the credential's key");
  }
  return {};
}

}  // namespace estop::schemas
