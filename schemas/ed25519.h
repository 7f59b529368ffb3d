// SPDX-License-Identifier: Apache-2.0

// Ed25519 alone, on OpenSSL 3 (EVP): the base of signing.h. It is a library of its own, because the
// simulator replaces it by something faster. Safe from any thread; out of memory aborts.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "schemas/messages.h"

namespace estop::schemas {

// A private key. Move-only; wiped when destroyed. A moved-from one can only be destroyed.
class Ed25519Key {
 public:
  explicit Ed25519Key(const std::array<std::uint8_t, 32>& seed);
  Ed25519Key(Ed25519Key&&) noexcept;
  ~Ed25519Key();
  Ed25519Key& operator=(Ed25519Key&&) = delete;

  [[nodiscard]] PublicKey public_key() const;
  [[nodiscard]] Signature sign(std::string_view bytes) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// False also for bytes that are no public key at all.
[[nodiscard]] bool verify(const PublicKey& key, std::string_view bytes, const Signature& signature);

}  // namespace estop::schemas
