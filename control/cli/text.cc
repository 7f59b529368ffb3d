#include "control/cli/text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>
#include <ctime>
#include <utility>

namespace estop::cli {
namespace {

constexpr std::pair<std::string_view, std::uint64_t> kUnits[] = {
    {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}};
constexpr std::uint64_t kDay_ms = 86'400'000;

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
  return fmt::format("{:%Y-%m-%d %H:%M:%S}Z", fmt::gmtime(static_cast<std::time_t>(at_ms / 1'000)));
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
  std::string safe(text);
  for (char& c : safe) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  return safe;
}

}  // namespace estop::cli
