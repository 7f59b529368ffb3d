// SPDX-License-Identifier: Apache-2.0
#include "control/cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "broker-bridge/daemon/files.h"
#include "schemas/printable.h"

namespace estop::cli {
namespace {

constexpr std::pair<std::string_view, std::uint64_t> kUnits[] = {
    {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}};
constexpr std::uint64_t kDay_ms = 86'400'000;

constexpr char32_t kReplacement = 0xfffd;

struct Letter {
  char32_t code = kReplacement;
  std::size_t size = 1;  // in bytes
  bool is_good = false;  // what is no UTF-8 is one byte that stands for nothing
};

// The first letter of a text that is not empty.
Letter first_letter(std::string_view text) {
  const std::size_t size = schemas::utf8_length(text);
  if (size == 0) return {};
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  char32_t code = size == 1 ? byte(0) : byte(0) & (0xffU >> (size + 1));
  for (std::size_t at = 1; at < size; ++at) code = (code << 6U) | (byte(at) & 0x3fU);
  return {code, size, true};
}

// Of Unicode 15: C0, DEL, C1, line and paragraph separators, and what turns the direction.
bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x61c || code == 0x200e ||
         code == 0x200f || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

// The text with each of its letters as `write` writes it.
template <class Write>
std::string rewritten(std::string_view text, Write write) {
  std::string made;
  made.reserve(text.size());
  while (!text.empty()) {
    const Letter letter = first_letter(text);
    made += write(letter, letter.is_good ? text.substr(0, letter.size) : "\xef\xbf\xbd");
    text.remove_prefix(letter.size);
  }
  return made;
}

}  // namespace

schemas::Result<std::uint32_t> parse_duration_ms(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  for (const auto& [name, factor] : kUnits) {
    if (error != std::errc{} || unit != name || number > kDay_ms / factor) continue;
    return static_cast<std::uint32_t>(number * factor);
  }
  return schemas::fail(schemas::Errc::kBadArgument,
                       fmt::format("'{}' is no duration: a whole number with ms, s, m or h, at "
                                   "most a day, such as 10s",
                                   text));
}

std::string duration_text(std::uint64_t us) {
  if (us < 10'000) return fmt::format("{:.2f} ms", static_cast<double>(us) / 1e3);
  if (us < 1'000'000) return fmt::format("{} ms", us / 1'000);
  if (us < 60'000'000) return fmt::format("{:.1f} s", static_cast<double>(us) / 1e6);
  return fmt::format("{} min {} s", us / 60'000'000, us / 1'000'000 % 60);
}

std::string time_text(std::uint64_t at_ms) {
  if (at_ms == 0) return "-";
  std::string text = schemas::utc_text(at_ms);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

std::string age_text(std::uint64_t at_ms, std::uint64_t now_ms) {
  if (at_ms == 0) return "-";
  const std::uint64_t seconds = now_ms > at_ms ? (now_ms - at_ms) / 1'000 : 0;
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 7'200) return fmt::format("{} min", seconds / 60);
  if (seconds < 172'800) return fmt::format("{} h", seconds / 3'600);
  return fmt::format("{} d", seconds / 86'400);
}

std::string money_text(std::uint64_t micro_usd) {
  return fmt::format("${}.{:04}", micro_usd / 1'000'000, micro_usd % 1'000'000 / 100);
}

std::string shown(std::string_view text) {
  return rewritten(text, [](const Letter& letter, std::string_view bytes) {
    return is_control(letter.code) ? std::string_view("?") : bytes;
  });
}

std::string shown_json(std::string_view text) {
  return rewritten(text, [](const Letter& letter, std::string_view bytes) {
    // Those below the space are white space of the JSON itself, or are escaped already.
    const bool is_escaped = letter.code >= 0x20 && is_control(letter.code);
    return is_escaped ? fmt::format("\\u{:04x}", static_cast<unsigned>(letter.code))
                      : std::string(bytes);
  });
}

std::string repaired(std::string_view text) {
  return rewritten(text, [](const Letter&, std::string_view bytes) { return bytes; });
}

std::string shell_quoted(std::string_view word) {
  return daemon::shell_word(word);
}

}  // namespace estop::cli
