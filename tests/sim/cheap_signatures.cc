// SPDX-License-Identifier: Apache-2.0

// Ed25519 costs 54 µs to sign and 174 µs to verify: too much for 10,000 runs. Here the calls of
// OpenSSL that do it (the linker's --wrap leads them here) are a keyed hash instead. Keys, SHA-256
// and everything in schemas/signing.cc are real; only who knows a public key could forge.
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>

namespace {

constexpr std::size_t kSignature_bytes = 64;

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
  return hash ^ (hash >> 32);
}

std::uint64_t mix(std::uint64_t hash, const unsigned char* bytes, std::size_t size) {
  for (; size >= 8; bytes += 8, size -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, 8);
    hash = mix(hash, word);
  }
  std::uint64_t rest = size;
  for (; size > 0; ++bytes, --size) rest = rest << 8 | *bytes;
  return mix(hash, rest);
}

using RawKey = std::array<unsigned char, 32>;

RawKey raw_key(const EVP_PKEY* handle) {
  RawKey key{};
  std::size_t size = key.size();
  EVP_PKEY_get_raw_public_key(handle, key.data(), &size);
  return key;
}

std::array<unsigned char, kSignature_bytes> keyed_hash(const RawKey& key,
                                                       const unsigned char* bytes,
                                                       std::size_t size) {
  std::uint64_t hash = mix(mix(size, key.data(), key.size()), bytes, size);
  std::array<unsigned char, kSignature_bytes> made{};
  for (std::size_t at = 0; at < made.size(); at += 8) {
    hash = mix(hash, at);
    std::memcpy(&made[at], &hash, 8);
  }
  return made;
}

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

// Making a key costs more than all else that is done with it here, and every world has the same.
template <class Make>
EVP_PKEY* remembered(std::map<RawKey, std::unique_ptr<EVP_PKEY, FreeKey>>& keys,
                     const unsigned char* bytes, std::size_t size, Make make) {
  RawKey raw{};
  if (size != raw.size()) return nullptr;
  std::memcpy(raw.data(), bytes, size);
  auto& key = keys[raw];
  if (key == nullptr) key.reset(make());
  if (key != nullptr) EVP_PKEY_up_ref(key.get());
  return key.get();
}
thread_local std::map<RawKey, std::unique_ptr<EVP_PKEY, FreeKey>> public_keys;
thread_local std::map<RawKey, std::unique_ptr<EVP_PKEY, FreeKey>> private_keys;

// A verification is two calls in a row: init, verify.
thread_local RawKey verifies_with;

}  // namespace

extern "C" {

EVP_PKEY* __real_EVP_PKEY_new_raw_public_key(int type, ENGINE* engine, const unsigned char* bytes,
                                             std::size_t size);
EVP_PKEY* __wrap_EVP_PKEY_new_raw_public_key(int type, ENGINE* engine, const unsigned char* bytes,
                                             std::size_t size);
EVP_PKEY* __real_EVP_PKEY_new_raw_private_key(int type, ENGINE* engine, const unsigned char* bytes,
                                              std::size_t size);
EVP_PKEY* __wrap_EVP_PKEY_new_raw_private_key(int type, ENGINE* engine, const unsigned char* bytes,
                                              std::size_t size);
int __wrap_EVP_DigestVerifyInit(EVP_MD_CTX* context, EVP_PKEY_CTX** key_context, const EVP_MD* type,
                                ENGINE* engine, EVP_PKEY* key);
int __wrap_EVP_DigestSign(EVP_MD_CTX* context, unsigned char* signature, std::size_t* size,
                          const unsigned char* bytes, std::size_t count);
int __wrap_EVP_DigestVerify(EVP_MD_CTX* context, const unsigned char* signature, std::size_t size,
                            const unsigned char* bytes, std::size_t count);

EVP_PKEY* __wrap_EVP_PKEY_new_raw_public_key(int type, ENGINE* engine, const unsigned char* bytes,
                                             std::size_t size) {
  return remembered(public_keys, bytes, size,
                    [&] { return __real_EVP_PKEY_new_raw_public_key(type, engine, bytes, size); });
}

EVP_PKEY* __wrap_EVP_PKEY_new_raw_private_key(int type, ENGINE* engine, const unsigned char* bytes,
                                              std::size_t size) {
  return remembered(private_keys, bytes, size,
                    [&] { return __real_EVP_PKEY_new_raw_private_key(type, engine, bytes, size); });
}

int __wrap_EVP_DigestVerifyInit(EVP_MD_CTX* /*context*/, EVP_PKEY_CTX** /*key_context*/,
                                const EVP_MD* /*type*/, ENGINE* /*engine*/, EVP_PKEY* key) {
  verifies_with = raw_key(key);
  return 1;
}

int __wrap_EVP_DigestSign(EVP_MD_CTX* context, unsigned char* signature, std::size_t* size,
                          const unsigned char* bytes, std::size_t count) {
  const RawKey key = raw_key(EVP_PKEY_CTX_get0_pkey(EVP_MD_CTX_get_pkey_ctx(context)));
  const auto made = keyed_hash(key, bytes, count);
  std::memcpy(signature, made.data(), made.size());
  *size = made.size();
  return 1;
}

int __wrap_EVP_DigestVerify(EVP_MD_CTX* /*context*/, const unsigned char* signature,
                            std::size_t size, const unsigned char* bytes, std::size_t count) {
  const auto made = keyed_hash(verifies_with, bytes, count);
  return size == made.size() && std::memcmp(signature, made.data(), size) == 0 ? 1 : 0;
}

}  // extern "C"
