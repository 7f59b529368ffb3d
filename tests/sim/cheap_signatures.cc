// SPDX-License-Identifier: Apache-2.0

// Ed25519 costs 54 µs to sign and 174 µs to verify: too much for 10,000 runs. In place of the
// library estop_ed25519 stands a keyed hash. Everything in schemas/signing.cc is real; only who
// knows a public key could forge.
#include <cstring>

#include "schemas/ed25519.h"

namespace estop::schemas {
namespace {

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
  return hash ^ (hash >> 32);
}

std::uint64_t mix(std::uint64_t hash, const void* from, std::size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(from);
  for (; size >= 8; bytes += 8, size -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, 8);
    hash = mix(hash, word);
  }
  std::uint64_t rest = size;
  for (; size > 0; ++bytes, --size) rest = rest << 8 | *bytes;
  return mix(hash, rest);
}

template <std::size_t N>
void stretch(std::uint64_t hash, std::array<std::uint8_t, N>& made) {
  for (std::size_t at = 0; at < N; at += 8) {
    hash = mix(hash, at);
    std::memcpy(&made[at], &hash, 8);
  }
}

Signature keyed_hash(const PublicKey& key, std::string_view bytes) {
  Signature made{};
  stretch(mix(mix(bytes.size(), key.data(), key.size()), bytes.data(), bytes.size()), made);
  return made;
}

}  // namespace

struct Ed25519Key::State {
  PublicKey public_key{};
};

Ed25519Key::Ed25519Key(const std::array<std::uint8_t, 32>& seed)
    : state_(std::make_unique<State>()) {
  stretch(mix(1, seed.data(), seed.size()), state_->public_key);
}
Ed25519Key::Ed25519Key(Ed25519Key&&) noexcept = default;
Ed25519Key::~Ed25519Key() = default;

PublicKey Ed25519Key::public_key() const {
  return state_->public_key;
}

Signature Ed25519Key::sign(std::string_view bytes) const {
  return keyed_hash(state_->public_key, bytes);
}

bool verify(const PublicKey& key, std::string_view bytes, const Signature& signature) {
  return keyed_hash(key, bytes) == signature;
}

}  // namespace estop::schemas
