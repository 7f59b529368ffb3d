// SPDX-License-Identifier: Apache-2.0
#include "schemas/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace estop::schemas {
namespace {

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// C0, DEL, C1, and the marks of direction: U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to
// U+2069.
bool is_control(std::string_view character) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(character[at]); };
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7f;
  if (character.size() == 2) {
    return (byte(0) == 0xc2 && byte(1) <= 0x9f) || character == "\xd8\x9c";
  }
  if (character.size() != 3 || byte(0) != 0xe2) return false;
  const bool marks = byte(1) == 0x80 && (byte(2) == 0x8e || byte(2) == 0x8f);
  const bool embeddings = byte(1) == 0x80 && byte(2) >= 0xaa && byte(2) <= 0xae;
  const bool isolates = byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9;
  return marks || embeddings || isolates;
}

}  // namespace

std::size_t utf8_length(std::string_view text) noexcept {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
  if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
  return length;
}

std::string without_controls(std::string_view text, char instead) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
    if (length == 0 || is_control(character)) {
      safe.push_back(instead);
    } else {
      safe.append(character);
    }
    text.remove_prefix(character.size());
  }
  return safe;
}

std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string safe = without_controls(text, ' ');
  const auto first = safe.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  safe.erase(0, first);
  if (safe.size() > max_bytes) {
    while (max_bytes > 0 && is_continuation(safe[max_bytes])) --max_bytes;
    safe.resize(max_bytes);
  }
  safe.erase(safe.find_last_not_of(' ') + 1);
  return safe;
}

std::string utc_text(std::uint64_t since_1970_ms) {
  const auto seconds = std::chrono::seconds(static_cast<std::int64_t>(since_1970_ms / 1000));
  const std::chrono::sys_seconds at(seconds);
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

}  // namespace estop::schemas
