// SPDX-License-Identifier: Apache-2.0
#include "schemas/ed25519.h"

#include <openssl/evp.h>

#include "schemas/openssl.h"

namespace estop::schemas {

struct Ed25519Key::State {
  KeyHandle handle;
  DigestHandle ready;  // copied for each signature, which then looks up no algorithm
};

Ed25519Key::Ed25519Key(const std::array<std::uint8_t, 32>& seed)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.handle.reset(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  require(state.handle != nullptr);
  state.ready.reset(EVP_MD_CTX_new());
  require(state.ready != nullptr);
  require(EVP_DigestSignInit(state.ready.get(), nullptr, nullptr, nullptr, state.handle.get()) ==
          1);
}

Ed25519Key::Ed25519Key(Ed25519Key&&) noexcept = default;
Ed25519Key::~Ed25519Key() = default;

PublicKey Ed25519Key::public_key() const {
  PublicKey key{};
  std::size_t size = key.size();
  require(EVP_PKEY_get_raw_public_key(state_->handle.get(), key.data(), &size) == 1);
  return key;
}

Signature Ed25519Key::sign(std::string_view bytes) const {
  const DigestHandle digest(EVP_MD_CTX_new());
  Signature signature{};
  std::size_t size = signature.size();
  require(digest != nullptr && EVP_MD_CTX_copy_ex(digest.get(), state_->ready.get()) == 1);
  require(EVP_DigestSign(digest.get(), signature.data(), &size, octets(bytes), bytes.size()) == 1);
  return signature;
}

bool verify(const PublicKey& key, std::string_view bytes, const Signature& signature) {
  const KeyHandle handle(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
  const DigestHandle digest(EVP_MD_CTX_new());
  return handle != nullptr && digest != nullptr &&
         EVP_DigestVerifyInit(digest.get(), nullptr, nullptr, nullptr, handle.get()) == 1 &&
         EVP_DigestVerify(digest.get(), signature.data(), signature.size(), octets(bytes),
                          bytes.size()) == 1;
}

}  // namespace estop::schemas
