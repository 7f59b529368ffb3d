// SPDX-License-Identifier: Apache-2.0
#include "schemas/order.h"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include <fmt/format.h>

#include "schemas/codec.h"
#include "schemas/pack.h"
#include "schemas/printable.h"

namespace estop::schemas {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kOrderMax_bytes = kRecordMax_bytes;
constexpr std::size_t kCredentialMax_bytes = 8 * 1024;

Error malformed(std::string detail) {
  return {Errc::kMalformed, std::move(detail)};
}

// What stands at the end of the path; nullptr: the path ends before. A json_pointer would throw at
// an array on the way, and this is read before the signature is.
const Json* within(const Json& claims, std::initializer_list<const char*> path) {
  const Json* at = &claims;
  for (const char* field : path) {
    const auto found = at->find(field);  // end() of what is no object
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

// nullopt: the claims have another shape.
std::optional<Credential> credential_of(const Json& claims) {
  const auto key = [&](const char* field) -> std::optional<PublicKey> {
    const auto text = claims.find(field);
    if (text == claims.end() || !text->is_string()) return std::nullopt;
    const auto parsed = public_key_from_text(text->get<std::string>());
    return parsed ? std::optional(*parsed) : std::nullopt;
  };
  const auto user = key("sub");
  const auto issuer = key("iss");
  if (!user || !issuer) return std::nullopt;
  Credential made{*user, *issuer, {}};
  const Json* allowed = within(claims, {"nats", "pub", "allow"});
  if (allowed == nullptr) return made;
  if (!allowed->is_array()) return std::nullopt;
  for (const Json& subject : *allowed) {
    if (!subject.is_string()) return std::nullopt;
    made.publish.push_back(subject.get<std::string>());
  }
  return made;
}

Result<void> may_order(const Credential& credential, const Segment& actor, const Scope& scope,
                       const Subjects& subjects) {
  Result<void> verdict =
      fail(Errc::kNotPermitted, "the credential is not one of operator " + actor.text());
  for (const std::string& subject : credential.publish) {
    const auto emergency = subjects.parse_emergency(subject);
    if (!emergency || emergency->actor != actor.text()) continue;
    verdict = check_reach(emergency->reach, scope);
    if (verdict) break;
  }
  return verdict;
}

}  // namespace

Result<std::string> jwt_from_creds(std::string_view creds_text) {
  constexpr std::string_view kBegin = "-----BEGIN NATS USER JWT-----";
  constexpr std::string_view kSpaces = " \t\r\n";
  const std::size_t begin = creds_text.find(kBegin);
  if (begin == std::string_view::npos) {
    return fail(Errc::kBadArgument, "the credentials hold no `NATS USER JWT` part");
  }
  std::string_view rest = creds_text.substr(begin + kBegin.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(kSpaces), rest.size()));
  return std::string(rest.substr(0, rest.find_first_of(kSpaces)));
}

Result<Credential> read_credential(std::string_view jwt) {
  const std::size_t first = jwt.find('.');
  const std::size_t last = jwt.rfind('.');
  if (first == std::string_view::npos || first == last) {
    return tl::make_unexpected(malformed("not a JWT: it needs three parts"));
  }
  const auto payload = from_base64url(jwt.substr(first + 1, last - first - 1));
  const auto signed_with = from_base64url(jwt.substr(last + 1));
  Signature signature{};
  if (!payload || !signed_with || signed_with->size() != signature.size()) {
    return tl::make_unexpected(malformed("a JWT with letters that are no base64url"));
  }
  const Json claims = Json::parse(*payload, nullptr, false);
  if (!claims.is_object()) return tl::make_unexpected(malformed("the JWT's claims are no JSON"));
  auto credential = credential_of(claims);
  if (!credential) return tl::make_unexpected(malformed("the JWT's claims lack a key or a list"));
  std::copy(signed_with->begin(), signed_with->end(), signature.begin());
  if (!verify(credential->issuer, jwt.substr(0, last), signature)) {
    return fail(Errc::kBadSignature, "the JWT is not signed by the issuer that it names");
  }
  return std::move(*credential);
}

Result<PublicKey> issuer_from_creds(std::string_view creds_text) {
  const auto jwt = jwt_from_creds(creds_text);
  if (!jwt) return tl::make_unexpected(jwt.error());
  const auto credential = read_credential(*jwt);
  if (!credential) return tl::make_unexpected(credential.error());
  return credential->issuer;
}

Result<SignedOrder> sign_order(const Record& kill, std::string_view creds_text) {
  auto jwt = jwt_from_creds(creds_text);
  if (!jwt) return tl::make_unexpected(jwt.error());
  const auto key = key_from_creds(creds_text);
  if (!key) return tl::make_unexpected(key.error());
  const auto record = sign_record(kill, *key);
  if (!record) return passed_on(record);
  return open_order(
      ArrayWriter(3, Tags::kNone).number(kVersion).bin(record->frame).text(*jwt).end());
}

Result<SignedOrder> open_order(std::string_view frame) {
  ArrayReader in(frame, 3, kOrderMax_bytes, Tags::kNone);
  const Bytes inner = in.bin(kOrderMax_bytes);
  std::string credential = in.text(kCredentialMax_bytes);
  if (!in.ok()) return tl::make_unexpected(in.error());
  auto kill = open_written_kill(inner);
  if (!kill) return tl::make_unexpected(kill.error());
  const Record& record = kill->record;
  if (!record.is<Kill>() || record.epoch != 0 || record.term != 0 || record.seq != 0) {
    return tl::make_unexpected(malformed("an order is a kill without a place in the log"));
  }
  auto notes = settle_kill(kill->record);
  return SignedOrder{std::move(*kill), std::move(credential), Bytes(frame), std::move(notes)};
}

std::vector<std::string> settle_kill(Record& record) {
  std::vector<std::string> notes;
  Kill& kill = record.kill();
  if (kill.mode == KillMode::kNow) kill.grace_ms = 0;
  if (kill.grace_ms > kGraceMax_ms) {
    notes.push_back(fmt::format("a grace of {} ms is over the maximum: it is {} ms", kill.grace_ms,
                                kGraceMax_ms));
    kill.grace_ms = kGraceMax_ms;
  }
  if (printable(record.reason).size() > kReasonMax_bytes) {
    notes.push_back(fmt::format("the reason is cut to {} bytes", kReasonMax_bytes));
  }
  record.reason = printable(record.reason, kReasonMax_bytes);
  if (record.reason.empty()) {
    notes.emplace_back("no reason was given: whoever reads the audit asks why");
    record.reason = "no reason given";
  }
  // Only control may say these.
  if (!kill.given_as.empty() || record.actor.kind != ActorKind::kOperator) {
    notes.emplace_back("an op id that was given before, or another kind of actor, is ignored");
  }
  record.prev = {};
  kill.given_as.clear();
  record.actor.kind = ActorKind::kOperator;
  return notes;
}

Result<void> verify_order(const SignedOrder& order, const PublicKey& issuer,
                          const Subjects& subjects) {
  const auto credential = read_credential(order.credential);
  if (!credential) return tl::make_unexpected(credential.error());
  if (credential->issuer != issuer) {
    return fail(Errc::kBadSignature, "the credential was issued by another account");
  }
  const auto actor = Segment::parse(order.kill.record.actor.name);
  if (!actor) return tl::make_unexpected(actor.error());
  if (const auto may = may_order(*credential, *actor, order.kill.record.scope(), subjects); !may) {
    return may;
  }
  if (!verify_record(order.kill, credential->user)) {
    return fail(Errc::kBadSignature, "the kill is not signed by the credential's key");
  }
  return {};
}

}  // namespace estop::schemas
