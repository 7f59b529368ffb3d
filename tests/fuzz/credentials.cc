// SPDX-License-Identifier: Apache-2.0

// Keys and credentials as text: from files, and from whoever sends an order (H30).
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "schemas/order.h"
#include "schemas/signing.h"
#include "tests/fuzz/targets.h"

namespace estop::fuzz {
namespace {

using schemas::KeyRole;
using schemas::SigningKey;

std::string_view characters(const schemas::Signature& signature) {
  return {reinterpret_cast<const char*>(signature.data()), signature.size()};
}

void jwt(std::string_view text) {
  if (const auto read = schemas::read_credential(text)) {
    require(text.find('.') != text.rfind('.'), "a JWT has three parts");
  }
}

// Claims behind a good signature, if they name this key as the issuer.
void claims(std::string_view json) {
  static const auto account = SigningKey::from_bytes(KeyRole::kAccount, {1});
  const std::string text = schemas::base64url("{}") + '.' + schemas::base64url(json);
  const auto signature = account.sign(text);
  const auto read =
      schemas::read_credential(text + '.' + schemas::base64url(characters(signature)));
  require(!read || read->issuer == account.public_key(), "only its issuer signs a JWT");
}

void creds(std::string_view text) {
  static_cast<void>(schemas::issuer_from_creds(text));
  if (const auto key = schemas::key_from_creds(text)) {
    const auto again = SigningKey::from_seed(key->seed_text());
    require(again && again->public_key() == key->public_key(), "a seed comes back as it was read");
  }
}

void public_key(std::string_view text) {
  const auto key = schemas::public_key_from_text(text);
  if (!key) return;
  bool found = false;
  for (const auto role : {KeyRole::kOperator, KeyRole::kAccount, KeyRole::kUser}) {
    found = found || schemas::public_text(role, *key) == text;
  }
  require(found, "a key has one spelling");
}

void base64(std::string_view text) {
  const auto bytes = schemas::from_base64url(text);
  if (!bytes) return;
  require(schemas::base64url(*bytes).size() == text.size(), "no letter is skipped");
  require(schemas::from_base64url(schemas::base64url(*bytes)) == bytes, "bytes come back");
}

// A command with its proof, read before the proof is judged.
void signed_command(std::string_view json) {
  const auto opened = schemas::open_command(json);
  if (!opened || !opened->has_value()) return;
  static const auto account = SigningKey::from_bytes(KeyRole::kAccount, {1});
  const auto name = *schemas::Segment::parse("alice");
  require(!schemas::verify_command(**opened, {name, name}, account.public_key(),
                                   schemas::Subjects::standard()),
          "nobody has signed anything for this account");
}

// Seeds name the letter, so new ones come at the end.
constexpr void (*kTextReaders[])(std::string_view) = {jwt,        claims, creds,
                                                      public_key, base64, signed_command};

}  // namespace

void credentials(std::string_view input) {
  read_by_letter(kTextReaders, input);
}

}  // namespace estop::fuzz
