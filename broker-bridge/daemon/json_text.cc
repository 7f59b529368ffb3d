// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/json_text.h"

#include <array>
#include <cstdint>

namespace estop::daemon {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Length of the UTF-8 sequence at the start of `text`, 0 if there is no valid one. Rejects overlong
// forms, surrogates and what is above U+10FFFF (Unicode, table 3-7).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [text](std::size_t at) {
    return at < text.size() ? static_cast<std::uint8_t>(text[at]) : std::uint8_t{0};
  };
  const auto within = [](std::uint8_t value, int low, int high) {
    return value >= low && value <= high;
  };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (within(lead, 0xC2, 0xDF)) return within(byte(1), 0x80, 0xBF) ? 2 : 0;
  if (within(lead, 0xE0, 0xEF)) {
    const int low = lead == 0xE0 ? 0xA0 : 0x80;
    const int high = lead == 0xED ? 0x9F : 0xBF;
    return within(byte(1), low, high) && within(byte(2), 0x80, 0xBF) ? 3 : 0;
  }
  if (!within(lead, 0xF0, 0xF4)) return 0;
  const int low = lead == 0xF0 ? 0x90 : 0x80;
  const int high = lead == 0xF4 ? 0x8F : 0xBF;
  const bool tail = within(byte(2), 0x80, 0xBF) && within(byte(3), 0x80, 0xBF);
  return within(byte(1), low, high) && tail ? 4 : 0;
}

void append_control(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto value = static_cast<std::uint8_t>(c);
  out += "\\u00";
  out += kHex[value >> 4];
  out += kHex[value & 15];
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      out += kReplacement;
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<std::uint8_t>(c) < 0x20 || c == 0x7F) {
      append_control(out, c);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

}  // namespace estop::daemon
