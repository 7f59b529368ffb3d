// SPDX-License-Identifier: Apache-2.0

// Known answers for schemas/signing.h. Ed25519: RFC 8032 §7.1. SHA-256: FIPS 180-4 examples. nkey
// texts: made with the npm package nkeys.js 1.1.0 from the seed bytes 00 01 … 1f.
#include "schemas/signing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace estop::schemas {
namespace {

template <std::size_t N>
std::array<std::uint8_t, N> array_of(std::string_view digits) {
  std::array<std::uint8_t, N> bytes{};
  for (std::size_t i = 0; i < N; ++i) {
    bytes[i] =
        static_cast<std::uint8_t>(std::stoi(std::string(digits.substr(2 * i, 2)), nullptr, 16));
  }
  return bytes;
}

template <std::size_t N>
std::string hex_of(const std::array<std::uint8_t, N>& bytes) {
  return hex(std::string_view(reinterpret_cast<const char*>(bytes.data()), N));
}

SigningKey counting_key(KeyRole role) {
  std::array<std::uint8_t, 32> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return SigningKey::from_bytes(role, bytes);
}

struct Rfc8032Case {
  std::string_view seed, public_key, message, signature;
};

constexpr Rfc8032Case kRfc8032[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "\x72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "\xaf\x82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6"
     "594a7c15e9716ed28dc027beceea1ec40a"},
};

TEST(Ed25519, GivesTheAnswersOfRfc8032) {
  for (const Rfc8032Case& row : kRfc8032) {
    const SigningKey key = SigningKey::from_bytes(KeyRole::kUser, array_of<32>(row.seed));
    EXPECT_EQ(hex_of(key.public_key()), row.public_key);
    EXPECT_EQ(hex_of(key.sign(row.message)), row.signature);
    EXPECT_TRUE(verify(key.public_key(), row.message, array_of<64>(row.signature)));
  }
}

TEST(Ed25519, RefusesAnotherMessageKeyOrSignature) {
  const SigningKey key = counting_key(KeyRole::kUser);
  const Signature signature = key.sign("kill acme/prod/x");
  EXPECT_FALSE(verify(key.public_key(), "kill acme/prod/y", signature));
  EXPECT_FALSE(
      verify(SigningKey::generate(KeyRole::kUser).public_key(), "kill acme/prod/x", signature));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    Signature bent = signature;
    bent[i] = static_cast<std::uint8_t>(bent[i] ^ 1);
    EXPECT_FALSE(verify(key.public_key(), "kill acme/prod/x", bent)) << "byte " << i;
  }
}

TEST(Ed25519, RefusesBytesThatAreNoPublicKey) {
  PublicKey no_point{};
  no_point.fill(0xff);
  EXPECT_FALSE(verify(no_point, "x", Signature{}));
}

TEST(Ed25519, MakesAnotherKeyEachTime) {
  EXPECT_NE(SigningKey::generate(KeyRole::kUser).public_key(),
            SigningKey::generate(KeyRole::kUser).public_key());
}

struct NkeyCase {
  KeyRole role;
  std::string_view seed, public_text;
};

constexpr NkeyCase kNkeys[] = {
    {KeyRole::kOperator, "SOAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2AJA",
     "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT"},
    {KeyRole::kAccount, "SAAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4HYMHI",
     "AAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QPZV"},
    {KeyRole::kUser, "SUAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776Y",
     "UAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3RLKK"},
};

TEST(Nkey, TextIsThatOfOtherImplementations) {
  for (const NkeyCase& row : kNkeys) {
    const SigningKey key = counting_key(row.role);
    EXPECT_EQ(key.seed_text(), row.seed);
    EXPECT_EQ(key.public_text(), row.public_text);
    EXPECT_EQ(public_key_from_text(row.public_text), key.public_key());
  }
}

TEST(Nkey, SeedGivesTheSameKeyBack) {
  for (const NkeyCase& row : kNkeys) {
    const auto key = SigningKey::from_seed(row.seed);
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(key->role(), row.role);
    EXPECT_EQ(key->seed_text(), row.seed);
    EXPECT_EQ(key->sign("estop"), counting_key(row.role).sign("estop"));
  }
}

// Every text that differs from `good` in one character.
std::vector<std::string> one_character_off(std::string_view good) {
  std::vector<std::string> texts;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text(good);
      text[at] = static_cast<char>(byte);
      if (text != good) texts.push_back(std::move(text));
    }
  }
  return texts;
}

TEST(Nkey, RefusesEveryCorruptionOfOneCharacter) {
  for (const NkeyCase& row : kNkeys) {
    for (const std::string& text : one_character_off(row.seed)) {
      EXPECT_FALSE(SigningKey::from_seed(text).has_value()) << text;
    }
    for (const std::string& text : one_character_off(row.public_text)) {
      EXPECT_FALSE(public_key_from_text(text).has_value()) << text;
    }
  }
}

TEST(Nkey, RefusesEveryOtherLengthAndKind) {
  const std::string seed(kNkeys[2].seed);
  const std::string key(kNkeys[2].public_text);
  for (std::size_t size = 0; size < seed.size(); ++size) {
    EXPECT_FALSE(SigningKey::from_seed(seed.substr(0, size)).has_value());
  }
  EXPECT_FALSE(SigningKey::from_seed(seed + "A").has_value());
  EXPECT_FALSE(SigningKey::from_seed(key).has_value());
  EXPECT_FALSE(public_key_from_text(seed).has_value());
  EXPECT_FALSE(public_key_from_text(key + "A").has_value());
}

TEST(Nkey, RefusesSeedsOfRolesThatEstopDoesNotUse) {
  // A server's seed (prefix N) with a correct checksum, made with nkeys.js.
  const auto key =
      SigningKey::from_seed("SNAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2D5U");
  ASSERT_FALSE(key.has_value());
  EXPECT_EQ(key.error().detail, "not the seed of an operator, account or user");
}

TEST(Nkey, ErrorsDoNotRepeatTheSeed) {
  std::string seed(kNkeys[2].seed);
  seed[20] = seed[20] == 'A' ? 'B' : 'A';
  const auto key = SigningKey::from_seed(seed);
  ASSERT_FALSE(key.has_value());
  EXPECT_EQ(key.error().code, Errc::kBadArgument);
  EXPECT_EQ(key.error().detail.find(seed.substr(2, 8)), std::string::npos);
}

TEST(Creds, SeedIsFoundInAFileAndInABareLine) {
  const std::string seed(kNkeys[2].seed);
  const std::string parts[] = {
      "-----BEGIN NATS USER JWT-----\nabc\n------END NATS USER JWT------\n\n"
      "-----BEGIN USER NKEY SEED-----\n" +
          seed + "\n------END USER NKEY SEED------\n",
      "-----BEGIN USER NKEY SEED-----\r\n\r\n" + seed + "\r\n------END USER NKEY SEED------\r\n",
      seed,
      "  " + seed + "\n",
  };
  for (const std::string& text : parts) {
    const auto key = key_from_creds(text);
    ASSERT_TRUE(key.has_value()) << text;
    EXPECT_EQ(key->seed_text(), seed);
  }
}

TEST(Creds, WithoutASeedAreRefused) {
  const std::string texts[] = {
      "",
      " \n",
      "-----BEGIN NATS USER JWT-----\nabc\n------END NATS USER JWT------\n",
      "-----BEGIN USER NKEY SEED-----",
      "-----BEGIN USER NKEY SEED-----\n------END USER NKEY SEED------\n",
      "-----BEGIN USER NKEY SEED-----\n" + std::string(kNkeys[2].seed.substr(0, 57)) + "\n",
  };
  for (const std::string& text : texts) EXPECT_FALSE(key_from_creds(text).has_value()) << text;
}

TEST(Sha256, GivesTheAnswersOfFips180) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Base64Url, HasNoPaddingAndTheUrlAlphabet) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"},
  };
  for (const auto& [bytes, text] : cases) EXPECT_EQ(base64url(bytes), text);
}

}  // namespace
}  // namespace estop::schemas
