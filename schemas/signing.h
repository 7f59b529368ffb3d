// SPDX-License-Identifier: Apache-2.0

// Ed25519 signatures, SHA-256 and NATS keys (nkeys): one key is both a broker identity and a
// signer.
//
// An nkey seed is text such as `SUA…` (user), `SAA…` (account), `SOA…` (operator): base32 of a
// prefix, 32 seed bytes and CRC-16. The public key is text such as `UA…`. Source: NATS nkeys
// specification. Crypto is OpenSSL 3 (EVP). All functions except `generate` are pure, and all are
// safe from any thread; they keep nothing between calls. Out of memory aborts.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/ed25519.h"  // verify
#include "schemas/messages.h"
#include "schemas/result.h"

namespace estop::schemas {

enum class KeyRole : std::uint8_t {
  kOperator,  // signs accounts: `O…`
  kAccount,   // signs users: `A…`
  kUser,      // for connections, records and receipts: `U…`
};

// A private key. Move-only; wiped when destroyed. Safe to use from several threads for signing. A
// moved-from key can only be assigned to or destroyed.
class SigningKey {
 public:
  // From the system's random source; aborts if there is none.
  [[nodiscard]] static SigningKey generate(KeyRole role);
  // `SU…`, `SA…`, `SO…`. kBadArgument names the defect and never repeats the seed.
  [[nodiscard]] static Result<SigningKey> from_seed(std::string_view seed);
  // For tests and golden files: a key made from 32 given bytes.
  [[nodiscard]] static SigningKey from_bytes(KeyRole role,
                                             const std::array<std::uint8_t, 32>& bytes);
  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  ~SigningKey();

  [[nodiscard]] KeyRole role() const noexcept;
  [[nodiscard]] const PublicKey& public_key() const noexcept;
  [[nodiscard]] std::string public_text() const;  // `U…`, `A…`, `O…`
  [[nodiscard]] std::string seed_text() const;    // `SU…`: secret
  [[nodiscard]] Signature sign(std::string_view bytes) const;

 private:
  struct State;
  explicit SigningKey(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// `U…`, `A…` or `O…` text of a raw public key, and back. kBadArgument: length, characters, checksum
// or prefix.
[[nodiscard]] std::string public_text(KeyRole role, const PublicKey& key);
[[nodiscard]] Result<PublicKey> public_key_from_text(std::string_view text);

[[nodiscard]] Hash sha256(std::string_view bytes);
[[nodiscard]] std::string hex(std::string_view bytes);  // lower case
[[nodiscard]] std::string hex(const Hash& hash);
[[nodiscard]] std::optional<Hash> hash_from_hex(std::string_view text);  // both cases of letters
[[nodiscard]] std::string base64url(std::string_view bytes);             // no padding
// nullopt: a letter outside the alphabet (padding, too), or an impossible length.
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);

// Reads the `-----BEGIN USER NKEY SEED-----` part of a `.creds` file's text, or a bare seed line.
// kBadArgument: there is none, or it is damaged.
[[nodiscard]] Result<SigningKey> key_from_creds(std::string_view creds_text);

}  // namespace estop::schemas
