// SPDX-License-Identifier: Apache-2.0

// Text for people: foreign text made fit for a terminal and a record, and times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace estop::schemas {

// Length of the UTF-8 character at the front of `text`, which is not empty; 0 if it is none
// (overlong, surrogate, cut, beyond U+10FFFF).
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

// Replaces each control character (C0, DEL, C1) by `instead`, and so each character that changes
// the direction of a line (it shows another text than the one that is there) and each byte that is
// no UTF-8.
[[nodiscard]] std::string without_controls(std::string_view text, char instead);

// The same with spaces, without spaces at the ends, cut at a whole character to at most
// `max_bytes`.
[[nodiscard]] std::string printable(std::string_view text,
                                    std::size_t max_bytes = std::string::npos);

// "2026-11-22T00:25:42Z"
[[nodiscard]] std::string utc_text(std::uint64_t since_1970_ms);

}  // namespace estop::schemas
