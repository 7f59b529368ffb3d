// SPDX-License-Identifier: Apache-2.0

// nkeys, and SHA-256 on OpenSSL's EVP. Secrets live in `Secret` buffers and in an Ed25519Key, both
// of which are wiped.
#include "schemas/signing.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "schemas/ed25519.h"
#include "schemas/openssl.h"

namespace estop::schemas {

namespace {

// The prefix bytes of nkeys: five bits of letter, so that the text starts with O, A, U or S.
constexpr std::uint8_t kOperatorPrefix = 14 << 3;
constexpr std::uint8_t kAccountPrefix = 0;
constexpr std::uint8_t kUserPrefix = 20 << 3;
constexpr std::uint8_t kSeedPrefix = 18 << 3;

constexpr std::size_t kKey_bytes = 32;
constexpr std::size_t kPublicRaw_bytes = 1 + kKey_bytes + 2;  // prefix, key, CRC
constexpr std::size_t kSeedRaw_bytes = 2 + kKey_bytes + 2;    // two prefixes, seed, CRC

constexpr std::size_t base32_size(std::size_t bytes) {
  return (bytes * 8 + 4) / 5;
}

// Bytes that are wiped at the end of their scope.
template <std::size_t N>
struct Secret : std::array<std::uint8_t, N> {
  Secret() : std::array<std::uint8_t, N>{} {}
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { OPENSSL_cleanse(this->data(), N); }
};

std::uint8_t prefix_of(KeyRole role) noexcept {
  switch (role) {
    case KeyRole::kOperator:
      return kOperatorPrefix;
    case KeyRole::kAccount:
      return kAccountPrefix;
    case KeyRole::kUser:
      return kUserPrefix;
  }
  std::abort();
}

std::optional<KeyRole> role_of(std::uint8_t prefix) noexcept {
  for (const KeyRole role : {KeyRole::kOperator, KeyRole::kAccount, KeyRole::kUser}) {
    if (prefix_of(role) == prefix) return role;
  }
  return std::nullopt;
}

// CRC-16/XMODEM.
std::uint16_t crc16(const std::uint8_t* bytes, std::size_t count) noexcept {
  std::uint32_t crc = 0;
  for (std::size_t i = 0; i < count; ++i) {
    crc ^= static_cast<std::uint32_t>(bytes[i]) << 8;
    for (int bit = 0; bit < 8; ++bit)
      crc = ((crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021U : 0U)) & 0xffff;
  }
  return static_cast<std::uint16_t>(crc);
}

constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

template <std::size_t N>
std::string base32(const std::array<std::uint8_t, N>& bytes) {
  std::string text;
  text.reserve(base32_size(N));
  std::uint32_t window = 0;
  int bits = 0;
  for (const std::uint8_t byte : bytes) {
    window = (window << 8 | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) text += kBase32[window >> (bits - 5) & 31];
  }
  if (bits > 0) text += kBase32[window << (5 - bits) & 31];
  return text;
}

// Exactly N bytes: false for another length, another letter, or bits that belong to no byte.
template <std::size_t N>
bool from_base32(std::string_view text, std::array<std::uint8_t, N>& bytes) {
  if (text.size() != base32_size(N)) return false;
  std::uint32_t window = 0;
  int bits = 0;
  std::size_t count = 0;
  for (const char letter : text) {
    const std::size_t value = kBase32.find(letter);
    if (value == std::string_view::npos) return false;
    window = (window << 5 | static_cast<std::uint32_t>(value)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[count++] = static_cast<std::uint8_t>(window >> bits);
  }
  return (window & ((1U << bits) - 1)) == 0;
}

template <std::size_t N>
void put_crc(std::array<std::uint8_t, N>& bytes) {
  const std::uint16_t crc = crc16(bytes.data(), N - 2);
  bytes[N - 2] = static_cast<std::uint8_t>(crc & 0xff);
  bytes[N - 1] = static_cast<std::uint8_t>(crc >> 8);
}

template <std::size_t N>
bool has_crc(const std::array<std::uint8_t, N>& bytes) {
  return crc16(bytes.data(), N - 2) == (bytes[N - 2] | bytes[N - 1] << 8);
}

}  // namespace

struct SigningKey::State {
  State(KeyRole the_role, const std::array<std::uint8_t, kKey_bytes>& bytes)
      : role(the_role), key(bytes), public_key(key.public_key()) {
    std::copy(bytes.begin(), bytes.end(), seed.begin());
  }

  KeyRole role;
  Ed25519Key key;
  PublicKey public_key;
  Secret<kKey_bytes> seed;
};

SigningKey::SigningKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

SigningKey SigningKey::generate(KeyRole role) {
  Secret<kKey_bytes> seed;
  require(RAND_priv_bytes(seed.data(), static_cast<int>(seed.size())) == 1);
  return from_bytes(role, seed);
}

SigningKey SigningKey::from_bytes(KeyRole role, const std::array<std::uint8_t, 32>& bytes) {
  return SigningKey(std::make_unique<State>(role, bytes));
}

Result<SigningKey> SigningKey::from_seed(std::string_view text) {
  Secret<kSeedRaw_bytes> raw;
  if (!from_base32(text, raw))
    return fail(Errc::kBadArgument, "not an nkey seed (58 base32 letters)");
  if (!has_crc(raw)) return fail(Errc::kBadArgument, "the checksum of the nkey seed is wrong");
  // The role's prefix is spread over both bytes: 5 bits of S and 3 of the role, then its other 5.
  const auto prefix = static_cast<std::uint8_t>((raw[0] & 7) << 5 | raw[1] >> 3);
  const std::optional<KeyRole> role = role_of(prefix);
  if ((raw[0] & 0xf8) != kSeedPrefix || (raw[1] & 7) != 0 || !role) {
    return fail(Errc::kBadArgument, "not the seed of an operator, account or user");
  }
  Secret<kKey_bytes> seed;
  std::copy_n(raw.begin() + 2, kKey_bytes, seed.begin());
  return from_bytes(*role, seed);
}

KeyRole SigningKey::role() const noexcept {
  return state_->role;
}
const PublicKey& SigningKey::public_key() const noexcept {
  return state_->public_key;
}

std::string SigningKey::public_text() const {
  return schemas::public_text(state_->role, state_->public_key);
}

std::string SigningKey::seed_text() const {
  const std::uint8_t prefix = prefix_of(state_->role);
  Secret<kSeedRaw_bytes> raw;
  raw[0] = static_cast<std::uint8_t>(kSeedPrefix | prefix >> 5);
  raw[1] = static_cast<std::uint8_t>((prefix & 31) << 3);
  std::copy(state_->seed.begin(), state_->seed.end(), raw.begin() + 2);
  put_crc(raw);
  return base32(raw);
}

Signature SigningKey::sign(std::string_view bytes) const {
  return state_->key.sign(bytes);
}

std::string public_text(KeyRole role, const PublicKey& key) {
  std::array<std::uint8_t, kPublicRaw_bytes> raw{};
  raw[0] = prefix_of(role);
  std::copy(key.begin(), key.end(), raw.begin() + 1);
  put_crc(raw);
  return base32(raw);
}

Result<PublicKey> public_key_from_text(std::string_view text) {
  std::array<std::uint8_t, kPublicRaw_bytes> raw{};
  if (!from_base32(text, raw)) {
    return fail(Errc::kBadArgument, "not a public nkey (56 base32 letters)");
  }
  if (!has_crc(raw)) return fail(Errc::kBadArgument, "the checksum of the public nkey is wrong");
  if (!role_of(raw[0])) {
    return fail(Errc::kBadArgument, "not the public nkey of an operator, account or user");
  }
  PublicKey key{};
  std::copy_n(raw.begin() + 1, key.size(), key.begin());
  return key;
}

Hash sha256(std::string_view bytes) {
  // Looked up once: that costs more than to hash a record.
  static const AlgorithmHandle kSha256(EVP_MD_fetch(nullptr, "SHA2-256", nullptr));
  Hash hash{};
  require(EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, kSha256.get(), nullptr) ==
          1);
  return hash;
}

Result<SigningKey> key_from_creds(std::string_view creds_text) {
  constexpr std::string_view kBegin = "-----BEGIN USER NKEY SEED-----";
  constexpr std::string_view kSpaces = " \t\r\n";
  std::string_view rest = creds_text;
  if (const std::size_t begin = rest.find(kBegin); begin != std::string_view::npos) {
    rest.remove_prefix(begin + kBegin.size());
  } else if (rest.find("-----BEGIN") != std::string_view::npos) {
    return fail(Errc::kBadArgument, "the credentials hold no `USER NKEY SEED` part");
  }
  rest.remove_prefix(std::min(rest.find_first_not_of(kSpaces), rest.size()));
  const std::string_view seed = rest.substr(0, rest.find_first_of(kSpaces));
  if (seed.empty()) return fail(Errc::kBadArgument, "the credentials hold no seed");
  return SigningKey::from_seed(seed);
}

}  // namespace estop::schemas
