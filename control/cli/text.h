// SPDX-License-Identifier: Apache-2.0

// Small texts, both ways: durations and times as people write and read them. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schemas/result.h"

namespace estop::cli {

// "10s", "500ms", "2m", "1h" in milliseconds, at most a day. kBadArgument lists the allowed forms.
// A bare number is refused, because its unit is unclear.
[[nodiscard]] schemas::Result<std::uint32_t> parse_duration_ms(std::string_view text);

// "0.61 ms", "12 ms", "3.4 s", "2 min 5 s"
[[nodiscard]] std::string duration_text(std::uint64_t us);
[[nodiscard]] std::string time_text(std::uint64_t at_ms);  // "2026-11-22 00:25:46Z"; "-" for 0
// "4 s", "3 h"; "-" for 0.
[[nodiscard]] std::string age_text(std::uint64_t at_ms, std::uint64_t now_ms);
[[nodiscard]] std::string money_text(std::uint64_t micro_usd);  // "$1.2345"

// Foreign bytes as a terminal may show them. Control characters, also those of Unicode and those
// that turn the direction of writing, could move the cursor, hide a line or show it in another
// order: they become '?'. Bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string shown(std::string_view text);
// The same for a text that is JSON: they become \u escapes, which mean the same.
[[nodiscard]] std::string shown_json(std::string_view text);

// Output is always UTF-8, whatever the terminal's letters are: other bytes become U+FFFD.
[[nodiscard]] std::string repaired(std::string_view text);

// A word as a shell reads it back, for commands that a person is to copy.
[[nodiscard]] std::string shell_quoted(std::string_view word);

}  // namespace estop::cli
