// SPDX-License-Identifier: Apache-2.0

// Bytes as text: hexadecimal and base64url.
#include <charconv>
#include <optional>
#include <string>

#include "schemas/signing.h"

namespace estop::schemas {

namespace {

constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    const auto value = static_cast<std::uint8_t>(byte);
    text += kDigits[value >> 4];
    text += kDigits[value & 15];
  }
  return text;
}

std::string hex(const Hash& hash) {
  return hex(std::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
}

std::optional<Hash> hash_from_hex(std::string_view text) {
  Hash hash{};
  if (text.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const char* first = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(first, first + 2, hash[i], 16);
    if (error != std::errc{} || end != first + 2) return std::nullopt;
  }
  return hash;
}

std::string base64url(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t window = 0;
  int bits = 0;
  for (const char byte : bytes) {
    window = (window << 8 | static_cast<std::uint8_t>(byte)) & 0x3fff;
    for (bits += 8; bits >= 6; bits -= 6) text += kBase64Url[window >> (bits - 6) & 63];
  }
  if (bits > 0) text += kBase64Url[window << (6 - bits) & 63];
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  std::uint32_t window = 0;
  int bits = 0;
  for (const char letter : text) {
    const std::size_t value = kBase64Url.find(letter);
    if (value == std::string_view::npos) return std::nullopt;
    window = (window << 6 | static_cast<std::uint32_t>(value)) & 0x3fff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(window >> bits & 0xff);
  }
  return bytes;
}

}  // namespace estop::schemas
