// Small texts, both ways: durations and times as people write and read them. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schemas/result.h"

namespace estop::cli {

// "10s", "500ms", "2m", "1h" in milliseconds, at most a day. kBadArgument says what is allowed. A
// bare number is refused: ten of what?
[[nodiscard]] schemas::Result<std::uint32_t> parse_duration_ms(std::string_view text);

[[nodiscard]] std::string duration_text(
    std::uint64_t us);  // "0.61 ms", "12 ms", "3.4 s", "2 min 5 s"
[[nodiscard]] std::string time_text(std::uint64_t at_ms);  // "2026-11-22 00:25:46Z"; "-" for 0
[[nodiscard]] std::string age_text(std::uint64_t at_ms,
                                   std::uint64_t now_ms);       // "4 s", "3 h"; "-" for 0
[[nodiscard]] std::string money_text(std::uint64_t micro_usd);  // "$1.2345"

// What a terminal shows of bytes that came from elsewhere: control characters, which could move the
// cursor or hide a line, become '?'.
[[nodiscard]] std::string shown(std::string_view text);

}  // namespace estop::cli
